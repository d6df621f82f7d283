package shop;

import jakarta.ws.rs.GET;
import jakarta.ws.rs.NotFoundException;
import jakarta.ws.rs.POST;
import jakarta.ws.rs.Path;
import java.util.List;
import java.util.concurrent.atomic.AtomicLong;
import java.util.stream.IntStream;
import org.eclipse.microprofile.metrics.MetricRegistry;
import org.eclipse.microprofile.metrics.MetricUnits;
import org.eclipse.microprofile.metrics.Tag;
import org.eclipse.microprofile.metrics.annotation.RegistryType;
import org.eclipse.microprofile.metrics.annotation.Timed;
import org.jboss.resteasy.reactive.ResponseStatus;
import org.jboss.resteasy.reactive.RestQuery;

/** What users of the shop can ask. */
@Path("/")
public class ShopResource {
  private static final int PRODUCTS = 20;

  private final AtomicLong lastOrder = new AtomicLong();
  private final PriceCache prices;
  private final MetricRegistry metrics;

  ShopResource(PriceCache prices, @RegistryType(type = MetricRegistry.Type.APPLICATION) MetricRegistry metrics) {
    this.prices = prices;
    this.metrics = metrics;
  }

  @GET
  @Path("products")
  public List<Product> products() {
    return IntStream.range(0, PRODUCTS).mapToObj(this::find).toList();
  }

  @GET
  @Path("products/{id}")
  public Product product(int id) {
    if (id < 0 || id >= PRODUCTS) throw new NotFoundException();
    return find(id);
  }

  @POST
  @Path("orders")
  @ResponseStatus(201)
  @Timed(name = "order_time", absolute = true, unit = MetricUnits.SECONDS, description = "Time to take an order.")
  public Order order(@RestQuery int product) {
    boolean isThere = product >= 0 && product < PRODUCTS;
    metrics.counter("orders", new Tag("result", isThere ? "placed" : "unknown-product")).inc();
    if (!isThere) throw new NotFoundException();
    return new Order(lastOrder.incrementAndGet(), product, find(product).price());
  }

  private Product find(int id) {
    return new Product(id, "seed mix " + id, prices.priceOf(id, "EUR"));
  }
}
