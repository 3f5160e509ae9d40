package dev.sluice.standalone;

import org.junit.jupiter.api.Order;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.extension.ExtendWith;

/// The [Tutorial] on real PostgreSQL and Kafka, with all five services in one process and fifty real agents.
@Timeout(300)
@ExtendWith(SharedWorld.Guest.class)
@Order(1)
class TutorialTest {
  @Test
  void fifty_instances_go_up_in_five_batches_meet_a_broken_version_go_back_and_are_cleaned_up() throws Exception {
    try (var f = SharedWorld.fleet("tutorial", 50)) {
      var tutorial = new Tutorial(f, 50);
      tutorial.upgrade();
      tutorial.breakIt();
      tutorial.cleanUp();
      f.breaksNothing();
    }
  }
}
