package shop;

import java.math.BigDecimal;

/** Something that can be bought. */
public record Product(int id, String name, BigDecimal price) {}
