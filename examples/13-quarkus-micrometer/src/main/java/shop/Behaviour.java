package shop;

/** What stands here for the builds of several versions: one program, and a defect that can be chosen. */
public enum Behaviour {
  GOOD,
  /** Prices are turned into cents by way of a double. */
  CENTS,
  /** Three requests in a hundred fail. */
  ERRORS,
  /** Each answer takes 80 ms longer. */
  SLOW
}
