package shop;

import io.micronaut.context.annotation.Value;
import jakarta.inject.Singleton;
import java.math.BigDecimal;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.stream.IntStream;

/** All that the shop sells, and an index to find it by its name. */
@Singleton
public class Catalogue {
  private static final int PRODUCTS = 10_000;

  private final List<Product> products =
      IntStream.range(0, PRODUCTS)
          .mapToObj(id -> new Product(id, "seed mix " + id, BigDecimal.valueOf(499 + 3L * id, 2)))
          .toList();
  private final Map<String, Product> index = indexed();
  private final boolean indexEachTime;

  Catalogue(@Value("${shop.index-each-time}") boolean indexEachTime) {
    this.indexEachTime = indexEachTime;
  }

  List<Product> first(int count) {
    return products.subList(0, count);
  }

  Optional<Product> find(int id) {
    Map<String, Product> byName = indexEachTime ? indexed() : index;
    return Optional.ofNullable(byName.get("seed mix " + id));
  }

  private Map<String, Product> indexed() {
    Map<String, Product> byName = new HashMap<>();
    for (Product product : products) byName.put("seed mix " + product.id(), product);
    return byName;
  }
}
