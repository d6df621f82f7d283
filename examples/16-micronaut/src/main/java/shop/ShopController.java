package shop;

import io.micrometer.core.instrument.MeterRegistry;
import io.micrometer.core.instrument.Timer;
import io.micronaut.http.HttpStatus;
import io.micronaut.http.annotation.Controller;
import io.micronaut.http.annotation.Get;
import io.micronaut.http.annotation.Post;
import io.micronaut.http.annotation.QueryValue;
import io.micronaut.http.annotation.Status;
import io.micronaut.http.exceptions.HttpStatusException;
import java.util.List;
import java.util.concurrent.atomic.AtomicLong;

/** What users of the shop can ask. */
@Controller
public class ShopController {
  private final AtomicLong lastOrder = new AtomicLong();
  private final Catalogue catalogue;
  private final MeterRegistry registry;
  private final Timer timer;

  ShopController(Catalogue catalogue, MeterRegistry registry) {
    this.catalogue = catalogue;
    this.registry = registry;
    this.timer = Timer.builder("orders.time").publishPercentileHistogram().register(registry);
  }

  @Get("/products")
  List<Product> products() {
    return catalogue.first(20);
  }

  @Get("/products/{id}")
  Product product(int id) {
    return catalogue.find(id).orElseThrow(() -> new HttpStatusException(HttpStatus.NOT_FOUND, "no such product"));
  }

  @Post("/orders")
  @Status(HttpStatus.CREATED)
  Order order(@QueryValue int product) {
    return timer.record(() -> {
      Product wanted = product(product);
      registry.counter("orders", "result", "placed").increment();
      return new Order(lastOrder.incrementAndGet(), wanted.id());
    });
  }
}
