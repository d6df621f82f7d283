package shop;

import io.micrometer.core.instrument.Meter;
import io.micrometer.core.instrument.config.MeterFilter;
import io.micrometer.core.instrument.distribution.DistributionStatisticConfig;
import jakarta.enterprise.inject.Produces;
import jakarta.inject.Singleton;

/** Times of answers are counted in buckets too, so that several replicas can be added up. */
public class HttpHistogram {
  @Produces
  @Singleton
  public MeterFilter buckets() {
    return new MeterFilter() {
      @Override
      public DistributionStatisticConfig configure(Meter.Id id, DistributionStatisticConfig config) {
        if (!id.getName().equals("http.server.requests")) return config;
        return DistributionStatisticConfig.builder().percentilesHistogram(true).build().merge(config);
      }
    };
  }
}
