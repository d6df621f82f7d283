package shop;

import java.math.BigDecimal;

/** An order as it was taken. */
public record Order(long id, int product, BigDecimal price) {}
