package shop;

/** An order as it was taken; whether it could be paid shows later. */
public record Order(long id, int product, String state) {}
