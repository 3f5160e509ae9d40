package dev.sluice.chassis;

import com.hazelcast.config.Config;
import io.vertx.core.Completable;
import io.vertx.core.Vertx;
import io.vertx.core.spi.cluster.NodeInfo;
import io.vertx.core.spi.cluster.RegistrationInfo;
import io.vertx.spi.cluster.hazelcast.HazelcastClusterManager;
import java.time.Duration;
import java.util.Map;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;

/// Vert.x's cluster manager, which says again and again who answers what here, and where this process is. By itself it says so once, and once more when a member goes. Where
/// a member comes back that had been given up, what it said may be deleted after it has said it: others would find nobody there until another one goes
/// (vertx-hazelcast#215).
final class Registrations extends HazelcastClusterManager {
  private static final Duration AGAIN = Duration.ofSeconds(5);
  private final Map<String, Set<RegistrationInfo>> own = new ConcurrentHashMap<>();
  private volatile NodeInfo here;

  Registrations(Config config) {
    super(config);
  }

  /// To be called once it has joined.
  void repeat(Vertx vertx) { vertx.setPeriodic(AGAIN.toMillis(), _ -> sayAgain()); }

  private void sayAgain() {
    super.setNodeInfo(here, (_, _) -> {});
    own.forEach((address, all) -> all.forEach(one -> super.addRegistration(address, one, (_, _) -> {
      if (!owns(address, one)) super.removeRegistration(address, one, (_, _) -> {}); // withdrawn meanwhile
    })));
  }

  private boolean owns(String address, RegistrationInfo one) { return own.getOrDefault(address, Set.of()).contains(one); }

  @Override
  public void setNodeInfo(NodeInfo info, Completable<Void> done) {
    here = info;
    super.setNodeInfo(info, done);
  }

  @Override
  public void addRegistration(String address, RegistrationInfo one, Completable<Void> done) {
    if (!one.localOnly()) own.compute(address, (_, all) -> {
      var now = all == null ? ConcurrentHashMap.<RegistrationInfo>newKeySet() : all;
      now.add(one);
      return now;
    });
    super.addRegistration(address, one, done);
  }

  @Override
  public void removeRegistration(String address, RegistrationInfo one, Completable<Void> done) {
    own.computeIfPresent(address, (_, all) -> {
      all.remove(one);
      return all.isEmpty() ? null : all;
    });
    super.removeRegistration(address, one, done);
  }
}
