package shop;

import java.math.BigDecimal;
import java.util.UUID;
import org.springframework.stereotype.Component;

/** Somebody else's service, some 150 ms away. */
@Component
public class PaymentProvider {
  public String pay(BigDecimal amount) {
    try {
      Thread.sleep(150);
    } catch (InterruptedException interrupted) {
      Thread.currentThread().interrupt();
    }
    return UUID.randomUUID().toString();
  }
}
