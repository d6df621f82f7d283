package shop;

import io.micronaut.core.annotation.Introspected;
import java.math.BigDecimal;

/** Something that can be bought. */
@Introspected
public record Product(int id, String name, BigDecimal price) {}
