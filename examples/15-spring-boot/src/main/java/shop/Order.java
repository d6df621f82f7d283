package shop;

/** An order as it was taken. */
public record Order(long id, int product, String payment) {}
