package shop;

import java.util.List;
import org.springframework.http.HttpStatus;
import org.springframework.jdbc.core.simple.JdbcClient;
import org.springframework.web.bind.annotation.GetMapping;
import org.springframework.web.bind.annotation.PathVariable;
import org.springframework.web.bind.annotation.PostMapping;
import org.springframework.web.bind.annotation.RequestParam;
import org.springframework.web.bind.annotation.ResponseStatus;
import org.springframework.web.bind.annotation.RestController;
import org.springframework.web.server.ResponseStatusException;

/** What users of the shop can ask. */
@RestController
public class ShopController {
  private final JdbcClient database;
  private final Orders orders;

  ShopController(JdbcClient database, Orders orders) {
    this.database = database;
    this.orders = orders;
  }

  @GetMapping("/products")
  List<Product> products() {
    return database.sql("select id, name, price from product order by id").query(Product.class).list();
  }

  @GetMapping("/products/{id}")
  Product product(@PathVariable int id) {
    return database
        .sql("select id, name, price from product where id = ?")
        .param(id)
        .query(Product.class)
        .optional()
        .orElseThrow(() -> new ResponseStatusException(HttpStatus.NOT_FOUND));
  }

  @PostMapping("/orders")
  @ResponseStatus(HttpStatus.CREATED)
  Order order(@RequestParam int product) {
    return orders.place(product(product));
  }
}
