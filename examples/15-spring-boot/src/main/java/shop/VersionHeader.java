package shop;

import jakarta.servlet.FilterChain;
import jakarta.servlet.ServletException;
import jakarta.servlet.http.HttpServletRequest;
import jakarta.servlet.http.HttpServletResponse;
import java.io.IOException;
import org.springframework.beans.factory.annotation.Value;
import org.springframework.stereotype.Component;
import org.springframework.web.filter.OncePerRequestFilter;

/** Each answer tells which version gave it. */
@Component
public class VersionHeader extends OncePerRequestFilter {
  private final String version;

  VersionHeader(@Value("${shop.version}") String version) {
    this.version = version;
  }

  @Override
  protected void doFilterInternal(HttpServletRequest request, HttpServletResponse response, FilterChain chain)
      throws ServletException, IOException {
    response.setHeader("x-version", version);
    chain.doFilter(request, response);
  }
}
