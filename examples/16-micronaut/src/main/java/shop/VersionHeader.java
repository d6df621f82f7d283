package shop;

import io.micronaut.context.annotation.Value;
import io.micronaut.http.MutableHttpResponse;
import io.micronaut.http.annotation.ResponseFilter;
import io.micronaut.http.annotation.ServerFilter;

/** Each answer tells which version gave it. */
@ServerFilter(ServerFilter.MATCH_ALL_PATTERN)
public class VersionHeader {
  private final String version;

  VersionHeader(@Value("${shop.version}") String version) {
    this.version = version;
  }

  @ResponseFilter
  void add(MutableHttpResponse<?> answer) {
    answer.header("x-version", version);
  }
}
