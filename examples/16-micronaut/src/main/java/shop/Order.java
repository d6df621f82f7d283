package shop;

import io.micronaut.core.annotation.Introspected;

/** An order as it was taken. */
@Introspected
public record Order(long id, int product) {}
