package shop;

import jakarta.ws.rs.container.ContainerResponseContext;
import org.eclipse.microprofile.config.inject.ConfigProperty;
import org.jboss.resteasy.reactive.server.ServerResponseFilter;

/** Each answer tells which version gave it. */
public class VersionHeader {
  @ConfigProperty(name = "shop.version")
  String version;

  @ServerResponseFilter
  public void add(ContainerResponseContext answer) {
    answer.getHeaders().add("x-version", version);
  }
}
