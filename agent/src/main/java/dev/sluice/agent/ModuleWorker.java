package dev.sluice.agent;

import dev.sluice.agent.AgentConfig.Pace;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.Optional;
import java.util.concurrent.atomic.AtomicReference;
import java.util.function.Supplier;

/// Looks after one module: carries out its newest instruction, runs its health command, proves its release. It does one thing at a time,
/// on the shared workers; only [#receive] and the questions come from other threads.
final class ModuleWorker {
  private static final int REFUSALS = 3;
  private static final int STEPS_IN_A_ROW = 20;
  private static final Duration LONGEST_WAIT = Duration.ofMinutes(1);

  private final String module;
  private final AgentRuntime runtime;
  private final Lane lane;
  private final Runnable changed;
  private final Path file;
  private final Commands commands;
  private final Download download;
  private final Upgrade upgrade;
  private final Backoff backoff;
  private final AtomicReference<Instruction> newest;
  private volatile String instance = "";
  private volatile ModuleRecord record;
  private volatile Proof proof = Proof.PENDING;
  private volatile boolean observed;
  private volatile String fault = "";
  private volatile String trouble = "";
  private volatile boolean closed;
  private int denials;

  private enum Proof {
    PENDING, SOUND, BROKEN
  }

  /// @param folder  of this module's state
  /// @param changed called when there is something new to report
  ModuleWorker(String module, AgentConfig config, AgentRuntime runtime, Download download, Path folder, Runnable changed)
      throws IOException {
    this.module = module;
    this.runtime = runtime;
    this.download = download;
    this.changed = changed;
    Files.createDirectories(folder);
    file = folder.resolve("record.json");
    commands = new Commands(folder);
    upgrade = new Upgrade(module, config, commands, download, folder.resolve("archives"));
    Optional<ModuleRecord> known = Durable.read(file, ModuleRecord::of);
    if (known.isEmpty()) upgrade.releases().keepUnknown();
    record = known.orElse(ModuleRecord.NEW);
    newest = new AtomicReference<>(record.instruction());
    backoff = new Backoff(Duration.ofMillis(500), LONGEST_WAIT, runtime.random());
    lane = new Lane(runtime);
  }

  /// Goes on where the agent was when it ended, then keeps watch.
  ///
  /// @param id             of the instance; empty where the agent is yet to be enrolled
  /// @param healthInterval asked before each wait: it may follow the server's heartbeat interval
  void start(String id, Pace pace, Supplier<Duration> healthInterval) throws IOException {
    if (record.isOfAnother(id)) disown();
    else if (record.isOfNobody()) save(record.told(id));
    lane.run(commands::killStray);
    lane.run(this::watch);
    lane.run(this::carryOut);
    lane.every(pace::proof, this::watch);
    lane.every(healthInterval, this::watchHealth);
  }

  private void disown() throws IOException {
    runtime.log("module " + module + " generation " + record.instruction().generation() + ": was told to another instance");
    newest.set(Instruction.NONE);
    save(record.disowned());
  }

  /// Whom the instructions to come are told.
  void identify(String id) { instance = id; }

  /// Takes an instruction if it is newer than all before. Any thread.
  ///
  /// @return whether it is
  boolean receive(Instruction instruction) {
    Instruction before = newest.getAndAccumulate(instruction, (known, told) -> told.generation() > known.generation() ? told : known);
    if (instruction.generation() <= before.generation()) return false;
    lane.run(this::carryOut);
    return true;
  }

  /// What a heartbeat says of the module, all as of one moment.
  ///
  /// @param known   whether the running release was checked since the start, and its health observed where there is a verdict on it;
  ///     before that no digest may be told: without a status it would pass for a healthy one
  /// @param running the digest that is proven to run; empty where none is, and while a release is being applied
  /// @param status  empty before the first instruction, and after a start until health was observed anew
  record Seen(boolean known, Optional<String> running, Optional<ModuleStatus> status) {}

  Seen seen() {
    boolean fresh = observed; // before the record: what was observed is written there first
    ModuleRecord now = record;
    boolean says = fresh || now.state() == ModuleState.APPLYING || now.state() == ModuleState.APPLY_FAILED;
    return new Seen(says && proof != Proof.PENDING, running(now), says ? status(now) : Optional.empty());
  }

  private Optional<String> running(ModuleRecord now) {
    boolean between = now.step() == Step.SWITCHED || now.step() == Step.APPLIED || now.step() == Step.RESTORING;
    boolean runs = !between && proof == Proof.SOUND && upgrade.releases().isCurrent(now.live());
    return runs ? Optional.of(now.live().digest()) : Optional.empty();
  }

  private Optional<ModuleStatus> status(ModuleRecord now) {
    if (now.instruction().generation() == 0) return Optional.empty();
    String waiting = now.state() == ModuleState.APPLYING ? trouble : "";
    return Optional
        .of(new ModuleStatus(now.state(), now.instruction().generation(), Commands.clip(waiting.isEmpty() ? now.detail() : waiting)));
  }

  void close() {
    closed = true;
    lane.close();
    commands.close();
    download.close();
    lane.awaitEnd();
  }

  private void carryOut() throws InterruptedException {
    try {
      for (int steps = 0; !closed && (superseded() || record.step() != Step.DONE); steps++) {
        // what goes back is put back first: the next may fail too
        if (superseded() && record.step() != Step.RESTORING) takeUp(newest.get());
        if (steps > STEPS_IN_A_ROW) throw new IOException("the release is damaged again and again");
        advance();
      }
      calm();
    } catch (Denied denied) {
      if (++denials >= REFUSALS) giveUp(denied);
      else
        later(denied, backoff.next());
    } catch (Download.BrokenOff partly) {
      backoff.reset();
      retry(partly, backoff.next()); // told with the next heartbeat: it gets on
    } catch (Unavailable busy) {
      later(busy, busy.retryAfter().plus(backoff.next()));
    } catch (IOException | RuntimeException | Error failure) {
      later(failure, backoff.next());
    }
  }

  private void takeUp(Instruction instruction) throws IOException {
    upgrade.clearFor(instruction);
    ModuleRecord next = record.receiving(instance, instruction);
    prove(next.live()); // what was proven last may be another release, or damaged since
    save(next);
    calm();
  }

  /// What went wrong before is over.
  private void calm() {
    trouble = "";
    denials = 0;
    backoff.reset();
  }

  private void advance() throws IOException, InterruptedException {
    ModuleRecord before = record;
    ModuleRecord next = upgrade.next(before, () -> closed || superseded());
    if (next == before) return;
    if (next.step() == Step.CHECKED) prove(next.live());
    observed |= next.step() == Step.CHECKED;
    save(next);
    trouble = "";
  }

  private boolean superseded() { return newest.get().generation() > record.instruction().generation(); }

  private void giveUp(Denied denied) {
    calm();
    try {
      save(upgrade.failed(record, denied.getMessage()));
      lane.run(this::carryOut);
    } catch (IOException failure) {
      later(failure, backoff.next());
    }
  }

  private void later(Throwable failure, Duration wait) {
    retry(failure, wait);
    changed.run();
  }

  private void retry(Throwable failure, Duration wait) {
    String why = Heart.why(failure);
    runtime.log("module " + module + ": " + record.step() + " waits " + wait.toMillis() + " ms: " + why);
    trouble = Commands.clip("waits to try again: " + why);
    lane.after(wait, this::carryOut);
  }

  private void save(ModuleRecord next) throws IOException {
    Halts.at("before", next.step());
    Durable.write(file, next.json());
    boolean tells = !next.instruction().equals(record.instruction()) || next.state() != record.state()
        || !next.live().equals(record.live());
    if (next.step() != record.step()) log(next);
    record = next;
    Halts.at("after", next.step());
    if (tells) changed.run();
  }

  private void log(ModuleRecord next) {
    String verdict = next.step() == Step.CHECKED ? " " + next.state().wire() + " " + next.detail() : "";
    Instruction told = next.instruction();
    runtime.log(("module " + module + " generation " + told.generation() + ": " + next.step() + " " + told.version() + verdict).strip());
  }

  private void watchHealth() throws IOException, InterruptedException {
    ModuleRecord now = record;
    // checked is enough: where nothing can be written, it stays that
    boolean settled = now.step() == Step.CHECKED || now.step() == Step.DONE;
    boolean runs = settled && (now.state() == ModuleState.HEALTHY || now.state() == ModuleState.UNHEALTHY);
    if (!runs) return;
    Commands.Outcome outcome = health(now.live());
    ModuleState state = outcome.ok() ? ModuleState.HEALTHY : ModuleState.UNHEALTHY;
    boolean first = !observed;
    boolean turned = state != now.state();
    record = now.saying(state, outcome.detail());
    observed = true;
    if (first || turned) changed.run();
    if (!turned) return;
    // last: what was seen is told, though nothing can be written here any more
    runtime.log("module " + module + ": " + state.wire() + " " + outcome.detail());
    Durable.write(file, record.json());
  }

  private Commands.Outcome health(Release live) throws InterruptedException {
    if (proof == Proof.BROKEN) return new Commands.Outcome(false, "release " + fault);
    try {
      return upgrade.health(live);
    } catch (IOException e) {
      return new Commands.Outcome(false, Commands.clip("the health command cannot be run: " + e.getMessage()));
    }
  }

  private void watch() throws IOException, InterruptedException {
    prove(record.live());
    watchHealth();
  }

  private void prove(Release live) {
    Proof before = proof;
    fault = live.exists() ? upgrade.releases().fault(live).orElse("") : "";
    proof = fault.isEmpty() ? Proof.SOUND : Proof.BROKEN;
    if (!fault.isEmpty()) runtime.log("module " + module + ": release " + live.version() + " " + fault);
    if (proof != before) changed.run();
  }
}
