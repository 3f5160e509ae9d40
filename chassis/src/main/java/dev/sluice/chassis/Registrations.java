package dev.sluice.chassis;

import com.hazelcast.config.Config;
import io.vertx.core.Completable;
import io.vertx.core.Promise;
import io.vertx.core.spi.cluster.NodeInfo;
import io.vertx.core.spi.cluster.RegistrationInfo;
import io.vertx.spi.cluster.hazelcast.HazelcastClusterManager;
import java.time.Duration;
import java.util.Map;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;
import java.util.function.Consumer;

/// Vert.x's cluster manager, which says again and again who answers what here, and where this process is. By itself it says so once, and once more when a member goes. Where
/// a member comes back that had been given up, what it said may be deleted after it has said it: others would find nobody there until another one goes
/// (vertx-hazelcast#215).
final class Registrations extends HazelcastClusterManager {
  private static final Duration AGAIN = Duration.ofSeconds(10);
  private static final Duration LIMIT = Duration.ofSeconds(30);
  private final Map<String, Set<RegistrationInfo>> own = new ConcurrentHashMap<>();
  private volatile NodeInfo here;
  private volatile Loop repeating;

  Registrations(Config config) {
    super(config);
  }

  /// To be called once it has joined.
  void repeat() { repeating = new Loop("registrations", AGAIN, this::sayAgain); }

  private boolean sayAgain() {
    if (!isActive()) return false;
    said(done -> super.setNodeInfo(here, done));
    own.forEach((address, all) -> all.forEach(one -> {
      said(done -> super.addRegistration(address, one, done));
      if (!owns(address, one)) said(done -> super.removeRegistration(address, one, done)); // withdrawn meanwhile
    }));
    return false;
  }

  private static void said(Consumer<Completable<Void>> saying) {
    var done = Promise.<Void>promise();
    saying.accept(done);
    Await.on(done.future(), LIMIT, "the cluster");
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

  @Override
  public void leave(Completable<Void> done) {
    if (repeating != null) repeating.stop();
    super.leave(done);
  }
}
