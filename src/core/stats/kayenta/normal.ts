// Below which value does a standard normal variable stay with a given probability?

/** Coefficients of the central polynomial, highest power first: Giles, "Approximating the erfinv function" (2010). */
const CENTRAL: readonly number[] = [
  -3.6444120640178196996e-21, -1.685059138182016589e-19, 1.2858480715256400167e-18, 1.115787767802518096e-17,
  -1.333171662854620906e-16, 2.0972767875968561637e-17, 6.6376381343583238325e-15, -4.0545662729752068639e-14,
  -8.1519341976054721522e-14, 2.6335093153082322977e-12, -1.2975133253453532498e-11, -5.4154120542946279317e-11,
  1.051212273321532285e-9, -4.1126339803469836976e-9, -2.9070369957882005086e-8, 4.2347877827932403518e-7,
  -1.3654692000834678645e-6, -1.3882523362786468719e-5, 0.0001867342080340571352, -0.00074070253416626697512,
  -0.0060336708714301490533, 0.24015818242558961693, 1.6536545626831027356,
];

/** Where the central polynomial ends. */
const CENTRAL_END = 6.25;

/** The inverse of the error function. */
function erfInv(x: number): number {
  const w = -Math.log((1 - x) * (1 + x));
  if (!(w < CENTRAL_END)) throw new RangeError(`the inverse error function is not known here at ${x}`);
  return CENTRAL.reduce((sum, coefficient) => sum * (w - CENTRAL_END / 2) + coefficient, 0) * x;
}

/**
 * The quantile of the standard normal distribution, to the last digit of commons-math 3.6 wherever Kayenta uses it
 * (Giles 2010; error below 1e-15). Throws a RangeError outside 0.0005…0.9995, where another polynomial would be needed.
 */
export function normalQuantile(probability: number): number {
  return Math.SQRT2 * erfInv(2 * probability - 1);
}
