package shop;

import jakarta.enterprise.context.ApplicationScoped;
import java.math.BigDecimal;
import java.util.Collections;
import java.util.LinkedHashMap;
import java.util.Map;
import org.eclipse.microprofile.config.inject.ConfigProperty;
import org.eclipse.microprofile.metrics.Counter;
import org.eclipse.microprofile.metrics.annotation.Metric;

/** Prices that were asked for before. */
@ApplicationScoped
public class PriceCache {
  private static final int MOST = 1_000;

  private final Map<Object, BigDecimal> known =
      Collections.synchronizedMap(
          new LinkedHashMap<>() {
            @Override
            protected boolean removeEldestEntry(Map.Entry<Object, BigDecimal> eldest) {
              return size() > MOST;
            }
          });
  private final PriceList prices;
  private final Counter gets;
  private final Counter hits;
  private final boolean keyWithoutEquals;

  PriceCache(
      PriceList prices,
      @Metric(name = "price_cache_gets", absolute = true, description = "Prices that were asked for.") Counter gets,
      @Metric(name = "price_cache_hits", absolute = true, description = "Those that were known.") Counter hits,
      @ConfigProperty(name = "shop.key-without-equals") boolean keyWithoutEquals) {
    this.prices = prices;
    this.gets = gets;
    this.hits = hits;
    this.keyWithoutEquals = keyWithoutEquals;
  }

  BigDecimal priceOf(int product, String currency) {
    gets.inc();
    Object key = keyWithoutEquals ? new PlainKey(product, currency) : new Key(product, currency);
    BigDecimal price = known.get(key);
    if (price != null) {
      hits.inc();
      return price;
    }
    BigDecimal found = prices.find(product);
    known.put(key, found);
    return found;
  }

  /** A record is equal to another with the same fields. */
  private record Key(int product, String currency) {}

  /** What became of it in the second version: a class, which is equal to nothing but itself. */
  private static final class PlainKey {
    final int product;
    final String currency;

    PlainKey(int product, String currency) {
      this.product = product;
      this.currency = currency;
    }
  }
}
