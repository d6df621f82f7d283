package shop;

import jakarta.ws.rs.GET;
import jakarta.ws.rs.NotFoundException;
import jakarta.ws.rs.POST;
import jakarta.ws.rs.Path;
import java.util.List;
import java.util.concurrent.ThreadLocalRandom;
import java.util.concurrent.atomic.AtomicLong;
import org.eclipse.microprofile.config.inject.ConfigProperty;
import org.jboss.resteasy.reactive.ResponseStatus;
import org.jboss.resteasy.reactive.RestQuery;

/** What users of the shop can ask. */
@Path("/")
public class ShopResource {
  private final AtomicLong lastOrder = new AtomicLong();
  private final Catalogue catalogue;
  private final Payments payments;
  private final Behaviour behaviour;

  ShopResource(
      Catalogue catalogue, Payments payments, @ConfigProperty(name = "shop.behaviour") Behaviour behaviour) {
    this.catalogue = catalogue;
    this.payments = payments;
    this.behaviour = behaviour;
  }

  @GET
  @Path("products")
  public List<Product> products() throws InterruptedException {
    misbehave();
    return catalogue.all();
  }

  @GET
  @Path("products/{id}")
  public Product product(int id) throws InterruptedException {
    misbehave();
    return catalogue.find(id).orElseThrow(NotFoundException::new);
  }

  @POST
  @Path("orders")
  @ResponseStatus(202)
  public Order order(@RestQuery int product) throws InterruptedException {
    misbehave();
    Product wanted = catalogue.find(product).orElseThrow(NotFoundException::new);
    payments.payLater(wanted);
    return new Order(lastOrder.incrementAndGet(), product, "accepted");
  }

  private void misbehave() throws InterruptedException {
    if (behaviour == Behaviour.SLOW) Thread.sleep(80);
    if (behaviour == Behaviour.ERRORS && ThreadLocalRandom.current().nextInt(100) < 3) {
      throw new IllegalStateException("the shelf is empty");
    }
  }
}
