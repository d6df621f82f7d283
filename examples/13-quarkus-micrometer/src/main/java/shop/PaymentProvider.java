package shop;

import jakarta.enterprise.context.ApplicationScoped;

/** Somebody else's service. It takes money only when the amount is that of the product, to the cent. */
@ApplicationScoped
public class PaymentProvider {
  public boolean pay(Product product, long cents) throws InterruptedException {
    Thread.sleep(3);
    return cents == product.price().movePointRight(2).longValueExact();
  }
}
