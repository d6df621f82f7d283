package shop;

import io.micrometer.core.instrument.MeterRegistry;
import io.micrometer.core.instrument.Timer;
import jakarta.annotation.PreDestroy;
import jakarta.enterprise.context.ApplicationScoped;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import org.eclipse.microprofile.config.inject.ConfigProperty;

/** Orders are paid after they were taken, and nobody waits for it. */
@ApplicationScoped
public class Payments {
  private final ExecutorService queue = Executors.newFixedThreadPool(2);
  private final PaymentProvider provider;
  private final MeterRegistry registry;
  private final Timer timer;
  private final Behaviour behaviour;

  Payments(
      PaymentProvider provider,
      MeterRegistry registry,
      @ConfigProperty(name = "shop.behaviour") Behaviour behaviour) {
    this.provider = provider;
    this.registry = registry;
    this.behaviour = behaviour;
    this.timer = Timer.builder("payments").publishPercentileHistogram().register(registry);
  }

  void payLater(Product product) {
    queue.submit(() -> timer.recordCallable(() -> pay(product)));
  }

  private boolean pay(Product product) throws InterruptedException {
    boolean isPaid = provider.pay(product, cents(product));
    registry.counter("orders", "result", isPaid ? "paid" : "declined").increment();
    return isPaid;
  }

  private long cents(Product product) {
    // 19.99 * 100 is 1998.9999999999998, and the cast cuts it off.
    if (behaviour == Behaviour.CENTS) return (long) (product.price().doubleValue() * 100);
    return product.price().movePointRight(2).longValueExact();
  }

  @PreDestroy
  void close() {
    queue.shutdown();
  }
}
