package shop;

import jakarta.enterprise.context.ApplicationScoped;
import java.math.BigDecimal;

/** Stands for a table of prices: it takes a moment to ask it. */
@ApplicationScoped
public class PriceList {
  public BigDecimal find(int product) {
    try {
      Thread.sleep(2);
    } catch (InterruptedException interrupted) {
      Thread.currentThread().interrupt();
    }
    return BigDecimal.valueOf(499 + 150L * product, 2);
  }
}
