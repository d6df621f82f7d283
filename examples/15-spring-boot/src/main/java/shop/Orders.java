package shop;

import io.micrometer.core.instrument.MeterRegistry;
import io.micrometer.core.instrument.Timer;
import org.springframework.beans.factory.annotation.Value;
import org.springframework.jdbc.core.simple.JdbcClient;
import org.springframework.jdbc.support.GeneratedKeyHolder;
import org.springframework.stereotype.Service;
import org.springframework.transaction.support.TransactionTemplate;

/** Takes orders: from the shelf, paid, written down. */
@Service
public class Orders {
  private final JdbcClient database;
  private final TransactionTemplate transaction;
  private final PaymentProvider provider;
  private final MeterRegistry registry;
  private final Timer timer;
  private final boolean payWithinTransaction;

  Orders(
      JdbcClient database,
      TransactionTemplate transaction,
      PaymentProvider provider,
      MeterRegistry registry,
      @Value("${shop.pay-within-transaction}") boolean payWithinTransaction) {
    this.database = database;
    this.transaction = transaction;
    this.provider = provider;
    this.registry = registry;
    this.payWithinTransaction = payWithinTransaction;
    this.timer = registry.timer("orders.time");
  }

  Order place(Product product) {
    return timer.record(() -> {
      Order order = payWithinTransaction ? payWithin(product) : payBefore(product);
      registry.counter("orders", "result", "placed").increment();
      return order;
    });
  }

  private Order payBefore(Product product) {
    String payment = provider.pay(product.price());
    return transaction.execute(status -> write(product, payment));
  }

  /** The connection is taken by the first statement, and kept while somebody else's service thinks. */
  private Order payWithin(Product product) {
    return transaction.execute(status -> write(product, provider.pay(product.price())));
  }

  private Order write(Product product, String payment) {
    database.sql("update product set stock = stock - 1 where id = ?").param(product.id()).update();
    var key = new GeneratedKeyHolder();
    database
        .sql("insert into shop_order (product, payment) values (?, ?)")
        .params(product.id(), payment)
        .update(key, "id");
    return new Order(key.getKey().longValue(), product.id(), payment);
  }
}
