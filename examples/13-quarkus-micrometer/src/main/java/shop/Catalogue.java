package shop;

import jakarta.enterprise.context.ApplicationScoped;
import java.math.BigDecimal;
import java.util.List;
import java.util.Optional;
import java.util.stream.IntStream;

/** All that the shop sells. */
@ApplicationScoped
public class Catalogue {
  private static final List<String> PRICES = List.of("4.35", "19.99", "5.00", "8.20", "1.15", "12.50", "64.10");

  private final List<Product> products =
      IntStream.range(0, 20)
          .mapToObj(id -> new Product(id, "seed mix " + id, new BigDecimal(PRICES.get(id % PRICES.size()))))
          .toList();

  public List<Product> all() {
    return products;
  }

  public Optional<Product> find(int id) {
    return id >= 0 && id < products.size() ? Optional.of(products.get(id)) : Optional.empty();
  }
}
