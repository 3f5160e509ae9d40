package dev.sluice.agent;

import com.grack.nanojson.JsonObject;
import dev.sluice.agent.AgentConfig.Enrolled;
import dev.sluice.agent.AgentConfig.Enrolment;
import java.io.IOException;
import java.nio.channels.FileChannel;
import java.nio.channels.FileLock;
import java.nio.channels.OverlappingFileLockException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.nio.file.attribute.PosixFilePermissions;
import java.time.Duration;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionException;
import java.util.concurrent.TimeUnit;

/// One agent: enrols, heartbeats, carries out instructions for the modules of its configuration. Many run in one process on a shared
/// [AgentRuntime]. It works from [#start] to [#close] or until the server dismisses it, which [#stopped] tells.
public final class Agent implements AutoCloseable {
  private static final String VERSION = Optional.ofNullable(Agent.class.getPackage().getImplementationVersion()).orElse("0.1.0");
  private final AgentConfig config;
  private final AgentRuntime runtime;
  private final Path identityFile;
  private final Path enrolmentFile;
  /// Held by who writes to the state folder from another thread than the modules' own.
  private final Object files = new Object();
  private final FileChannel lock;
  private final Link link;
  private final Server server;
  private final Heart heart;
  private final LongPoll longPoll;
  private final Backoff enrolBackoff;
  private final Map<String, ModuleWorker> modules = new LinkedHashMap<>();
  private final CompletableFuture<String> stopped = new CompletableFuture<>();
  private volatile Identity identity = Identity.NONE;
  private volatile boolean closed;

  private Agent(AgentConfig config, AgentRuntime runtime, Link link, FileChannel lock) throws IOException {
    this.config = config;
    this.runtime = runtime;
    this.lock = lock;
    this.link = link;
    identityFile = config.stateDir().resolve("identity.json");
    enrolmentFile = config.stateDir().resolve("enrolment.json");
    server = new Server(runtime.http(), link, config.server());
    heart = new Heart(runtime, server, config.pace().heartbeat(), this::report, this::deliver, over -> stop(over.getMessage()));
    longPoll = new LongPoll(runtime, server, this::deliver);
    enrolBackoff = new Backoff(Duration.ofMillis(500), Duration.ofSeconds(30), runtime.random());
    for (String module : config.modules().keySet()) {
      var download = new Download(runtime.http(), link, server, config.limits().artifactBytes());
      Path folder = config.stateDir().resolve("modules").resolve("m-" + module);
      modules.put(module, new ModuleWorker(module, config, runtime, download, folder, heart::changed));
    }
  }

  /// Starts an agent, on the network of the host.
  public static Agent start(AgentConfig config, AgentRuntime runtime) throws IOException, ConfigException {
    return start(config, runtime, new Link());
  }

  /// Starts an agent. Returns at once; enrolment goes on until it succeeds.
  ///
  /// @param link cuts this agent off and brings it back
  /// @throws ConfigException where another agent uses the state folder
  public static Agent start(AgentConfig config, AgentRuntime runtime, Link link) throws IOException, ConfigException {
    var ownerOnly = PosixFilePermissions.asFileAttribute(PosixFilePermissions.fromString("rwx------"));
    Files.createDirectories(config.stateDir(), ownerOnly);
    FileChannel lock = lock(config.stateDir());
    try {
      var agent = new Agent(config, runtime, link, lock);
      agent.begin();
      return agent;
    } catch (IOException | RuntimeException e) {
      lock.close();
      throw e;
    }
  }

  /// The id of the instance; empty until it is enrolled.
  public Optional<String> id() { return identity.id().isEmpty() ? Optional.empty() : Optional.of(identity.id()); }

  /// The digests that are proven to run, by module id.
  public Map<String, String> running() {
    Map<String, String> digests = new LinkedHashMap<>();
    modules.forEach((module, worker) -> worker.seen().running().ifPresent(digest -> digests.put(module, digest)));
    return digests;
  }

  /// What is reported of a module; empty where nothing is, yet.
  public Optional<ModuleStatus> status(String module) { return modules.get(module).seen().status(); }

  /// Completes with the reason, in one line, when the agent has stopped for good by itself. It must still be closed.
  public CompletableFuture<String> stopped() { return stopped.copy(); }

  /// Ends the agent and its commands. Modules go on running; an upgrade under way goes on at the next start.
  @Override
  public void close() {
    synchronized (files) {
      if (closed) return;
      closed = true; // from now on nothing is written to the state folder, which another agent may take
    }
    heart.close();
    longPoll.close();
    link.drop();
    modules.values().forEach(ModuleWorker::close);
    try {
      lock.close();
    } catch (IOException e) {
      runtime.log("cannot unlock " + config.stateDir() + ": " + e.getMessage());
    }
  }

  private static FileChannel lock(Path stateDir) throws IOException, ConfigException {
    FileChannel channel = FileChannel.open(stateDir.resolve("lock"), StandardOpenOption.CREATE, StandardOpenOption.WRITE);
    try {
      FileLock held = channel.tryLock();
      if (held != null) return channel;
    } catch (OverlappingFileLockException sameProcess) {
      // said below
    }
    channel.close();
    throw new ConfigException(List.of("state_dir: another agent uses " + stateDir + "; give each agent its own"));
  }

  private void begin() throws IOException {
    Optional<Identity> known = known();
    for (ModuleWorker worker : modules.values())
      worker.start(known.orElse(Identity.NONE).id(), config.pace(), this::healthInterval);
    if (known.isPresent()) identified(known.get());
    else
      enrol(idempotencyKey());
  }

  private Optional<Identity> known() throws IOException {
    if (config.access() instanceof Enrolled given) return Optional.of(new Identity(given.id(), given.token()));
    Optional<Identity> kept = Identity.load(identityFile);
    if (kept.isPresent()) forgetEnrolment();
    return kept;
  }

  private Duration healthInterval() { return config.pace().health().isZero() ? heart.interval() : config.pace().health(); }

  /// Written before the first try: when the answer is lost, the next try gets the same one.
  private String idempotencyKey() throws IOException {
    Optional<JsonObject> kept = Durable.read(enrolmentFile);
    if (kept.isPresent()) return kept.get().getString("idempotency_key");
    var json = new JsonObject();
    json.put("idempotency_key", runtime.newId());
    Durable.write(enrolmentFile, json);
    return json.getString("idempotency_key");
  }

  private void enrol(String key) {
    if (closed) return;
    server.enrol((Enrolment) config.access(), key).whenComplete((fresh, thrown) -> {
      try {
        if (thrown == null) {
          if (enrolled(fresh)) identified(fresh);
        } else
          enrolLater(key, thrown instanceof CompletionException && thrown.getCause() != null ? thrown.getCause() : thrown);
      } catch (IOException failure) {
        enrolLater(key, failure);
      }
    });
  }

  /// @return false where the agent closes: its next start asks with the same key, and gets the same answer
  private boolean enrolled(Identity fresh) throws IOException {
    synchronized (files) {
      if (closed) return false;
      fresh.save(identityFile);
      forgetEnrolment();
    }
    runtime.log("enrolled as " + fresh.id());
    return true;
  }

  private void enrolLater(String key, Throwable failure) {
    if (failure instanceof Denied || failure instanceof Dismissed) {
      synchronized (files) {
        if (closed) return;
        forgetEnrolment();
      }
      stop("cannot enrol: " + failure.getMessage());
      return;
    }
    Duration wait = failure instanceof Unavailable busy ? busy.retryAfter().plus(enrolBackoff.next()) : enrolBackoff.next();
    runtime.log("cannot enrol yet, again in " + wait.toMillis() + " ms: " + Heart.why(failure));
    runtime.timer().schedule(() -> enrol(key), wait.toMillis(), TimeUnit.MILLISECONDS);
  }

  /// The next one is another request: this one has had its answer.
  private void forgetEnrolment() {
    try {
      Files.deleteIfExists(enrolmentFile);
    } catch (IOException e) {
      runtime.log("cannot delete " + enrolmentFile + ": " + e.getMessage());
    }
  }

  private void identified(Identity known) {
    identity = known;
    server.identify(known);
    modules.values().forEach(worker -> worker.identify(known.id()));
    heart.start();
    if (config.pace().longPoll()) longPoll.poll();
  }

  private void stop(String reason) {
    heart.close();
    longPoll.close();
    stopped.complete(reason);
  }

  private boolean deliver(Server.Answer answer) {
    boolean anyNew = false;
    for (Map.Entry<String, Instruction> desired : answer.desired().entrySet()) {
      ModuleWorker worker = modules.get(desired.getKey());
      anyNew |= worker != null && worker.receive(desired.getValue());
    }
    return anyNew;
  }

  /// No digests at all until each module is known: `{}` would say that nothing runs.
  private JsonObject report() {
    Map<String, ModuleWorker.Seen> all = new LinkedHashMap<>();
    modules.forEach((module, worker) -> all.put(module, worker.seen()));
    var digests = new JsonObject();
    var statuses = new JsonObject();
    all.forEach((module, seen) -> {
      seen.running().ifPresent(digest -> digests.put(module, digest));
      seen.status().ifPresent(status -> statuses.put(module, wire(status)));
    });
    var json = new JsonObject();
    if (all.values().stream().allMatch(ModuleWorker.Seen::known)) json.put("running_module_digests", digests);
    json.put("module_status", statuses);
    json.put("agent_version", VERSION);
    return json;
  }

  private static JsonObject wire(ModuleStatus status) {
    var json = new JsonObject();
    json.put("state", status.state().wire());
    json.put("generation", status.generation());
    if (!status.detail().isEmpty()) json.put("detail", status.detail());
    return json;
  }
}
