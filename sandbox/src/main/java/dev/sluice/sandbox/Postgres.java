package dev.sluice.sandbox;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.PosixFilePermissions;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.locks.LockSupport;

/// A PostgreSQL server of our own on 127.0.0.1, from a Maven artifact, with data that lasts in one folder:
/// `server/data` (the cluster), `server/log`, `passwords` (0600) and `lock`.
///
/// Promises:
/// - it runs as root, as a normal user, and in a folder with spaces (see [Account]);
/// - one living process holds the folder; a second one is refused;
/// - a start on a folder whose server was left running, by a process that was killed, stops that server first, so settings and port are always
///   those of this start, and no transaction of a dead client lives on;
/// - a creation that was interrupted leaves nothing that a later start would take for a cluster;
/// - fsync and synchronous_commit are on: what was committed is there after a power cut.
///
/// It is not stopped by the end of the JVM: close it.
public final class Postgres implements AutoCloseable {
  /// The name of the superuser.
  public static final String SUPERUSER = "postgres";
  private static final Duration PATIENCE = Duration.ofSeconds(60);
  /// How long the files of a new cluster may take to be written and synced.
  private static final Duration CREATION = Duration.ofMinutes(5);
  /// How long a start may take after a crash: who gives up sooner begins anew the next time, and never ends.
  private static final Duration RECOVERY = Duration.ofMinutes(10);
  /// How long processes of a killed server may take to notice: who computes looks only now and then.
  private static final Duration ORPHANS = Duration.ofSeconds(20);
  /// Thousands of rounds make passwords that people choose costly to guess. These are 128 random bits, and each connection would pay for all rounds.
  private static final String ONE_ROUND = "scram_iterations=1";

  private final Claim claim;
  private final Account account;
  private final PostgresBinaries binaries;
  private final Path data;
  private final Passwords passwords;
  private final Duration orphans;
  private int port;
  private boolean closed;

  private Postgres(Claim claim, PostgresBinaries binaries, Duration orphans) throws IOException {
    var server = Folders.createPrivate(claim.folder().resolve("server"));
    this.claim = claim;
    this.account = Account.over(server);
    this.binaries = binaries;
    this.orphans = orphans;
    this.data = server.resolve("data");
    this.passwords = new Passwords(claim.folder().resolve("passwords"));
  }

  /// Starts the server over the data in `folder`, which is created where it is missing. Blocks until it takes connections, about 0.3 s, and 2 s the first time.
  ///
  /// @param port 0 for any free one; it may differ from the start before
  /// @throws IllegalStateException when the folder is in use, the port is taken or the server does not start; the message says what to do
  public static Postgres start(Path folder, int port) { return start(folder, port, PostgresBinaries.unpacked()); }

  static Postgres start(Path folder, int port, PostgresBinaries binaries) { return start(folder, port, binaries, ORPHANS); }

  /// @param orphans how long processes of a killed server may take to notice
  static Postgres start(Path folder, int port, PostgresBinaries binaries, Duration orphans) {
    var claim = Claim.of(folder);
    try {
      var postgres = new Postgres(claim, binaries, orphans);
      postgres.stopLeftover();
      postgres.create();
      postgres.launch(port);
      return postgres;
    } catch (IOException e) {
      claim.close();
      throw new UncheckedIOException(e);
    } catch (RuntimeException e) {
      claim.close();
      throw e;
    }
  }

  /// Always the loopback address.
  public String host() { return Ports.HOST; }

  /// The port of this start.
  public int port() { return port; }

  /// The way in for the superuser, by SCRAM.
  public Login superuser() { return new Login(host(), port, SUPERUSER, SUPERUSER, passwords.of(SUPERUSER), "public"); }

  /// The passwords kept in this folder, by role.
  Passwords passwords() { return passwords; }

  /// The process id of the server.
  long pid() { return postmaster().map(Postmaster::pid).orElseThrow(() -> new IllegalStateException("PostgreSQL is not running")); }

  /// Stops the server: open transactions are rolled back, clients are disconnected, data are flushed. Again is nothing.
  @Override
  public synchronized void close() {
    if (!closed) {
      closed = true;
      try {
        stopLeftover();
      } finally {
        claim.close();
      }
    }
  }

  /// Kills the server and all its processes at once, as a power cut would. For tests. The folder is free afterwards.
  public synchronized void kill() {
    var server = ProcessHandle.of(pid()).orElseThrow();
    var all = new ArrayList<>(server.descendants().toList());
    all.addFirst(server);
    all.forEach(ProcessHandle::destroyForcibly);
    awaitEnd(all);
    closed = true;
    claim.close();
  }

  /// `onExit` would look at processes that are not our children only every other second.
  private static void awaitEnd(List<ProcessHandle> processes) {
    var deadline = System.nanoTime() + PATIENCE.toNanos();
    while (processes.stream().anyMatch(ProcessHandle::isAlive)) {
      if (System.nanoTime() - deadline > 0) {
        throw new IllegalStateException("killed, but still there: " + processes);
      }
      LockSupport.parkNanos(TimeUnit.MILLISECONDS.toNanos(5));
    }
  }

  private void create() throws IOException {
    sweep();
    if (Files.isDirectory(data)) {
      passwords.require(SUPERUSER);
      return;
    }
    // of its own: an `initdb` whose starter was killed may still fill the one before
    var partial = data.resolveSibling("new-data-" + ProcessHandle.current().pid() + "-" + System.nanoTime());
    var secret = data.resolveSibling("password.new");
    Files.deleteIfExists(secret);
    Files.createFile(secret, PosixFilePermissions.asFileAttribute(PosixFilePermissions.fromString("rw-------")));
    Files.writeString(secret, passwords.of(SUPERUSER));
    account.adopt(secret);
    require("created",
        account.run(CREATION, binaries.program("initdb"), "-D", partial.toString(), "-U", SUPERUSER, "-E", "UTF8", "--locale=C",
            "--locale-provider=builtin", "--builtin-locale=C.UTF-8", "--auth=scram-sha-256", "--set", ONE_ROUND, "--pwfile=" + secret));
    Files.delete(secret);
    Folders.rename(partial, data); // initdb has synced what is in it
  }

  /// Removes what starts that were killed left, as far as it lets itself be removed.
  private void sweep() throws IOException {
    try (var left = Files.newDirectoryStream(data.getParent(), "{new-data-*,data.new}")) {
      for (var folder : left)
        Folders.delete(folder);
    } catch (IOException | UncheckedIOException filled) {
      // the next start tries again
    }
  }

  /// Leaves no server behind where it fails.
  private void launch(int wanted) {
    try {
      port = Ports.start(wanted, this::launchOn);
    } catch (RuntimeException e) {
      try {
        stopLeftover();
      } catch (RuntimeException again) {
        e.addSuppressed(again);
      }
      throw e;
    }
  }

  private int launchOn(int on) {
    try {
      configure(on);
      var deadline = System.nanoTime() + orphans.toNanos();
      while (!launched()) {
        if (System.nanoTime() - deadline > 0) {
          throw new IllegalStateException(
              "PostgreSQL in %s was killed, and some of its processes still work on its data: end those (`ps` shows them as `postgres: ...`), then start again"
                  .formatted(claim.folder()));
        }
      }
      return on;
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }

  /// Tries once, for a tenth of a second or more.
  ///
  /// @return false where processes of a killed server are still there, which end by themselves
  private boolean launched() throws IOException {
    var before = Files.exists(log()) ? Files.size(log()) : 0;
    var ended = account.run(RECOVERY.plus(PATIENCE), binaries.program("pg_ctl"), "-D", data.toString(), "-w", "-t",
        Long.toString(RECOVERY.toSeconds()), "-s", "-l", log().toString(), "start");
    var said = ended.well() ? "" : said(before);
    if (said.contains("pre-existing shared memory block")) {
      return false;
    }
    if (said.contains("Address already in use")) {
      throw new Ports.Taken(failure("started", ended), null);
    }
    require("started", ended);
    return true;
  }

  private Path log() { return data.resolveSibling("log"); }

  /// What is in the log from a byte on.
  private String said(long from) throws IOException {
    if (!Files.exists(log())) {
      return "";
    }
    try (var in = Files.newInputStream(log())) {
      in.skipNBytes(from);
      return new String(in.readAllBytes(), StandardCharsets.UTF_8);
    }
  }

  private void configure(int on) throws IOException {
    Files.writeString(data.resolve("postgresql.conf"), """
      # Written at each start; settings of your own go to postgresql.auto.conf (alter system).
      listen_addresses = '%s'
      port = %d
      unix_socket_directories = ''
      password_encryption = 'scram-sha-256'
      %s
      max_connections = 200
      fsync = on
      synchronous_commit = on
      jit = off
      timezone = 'UTC'
      log_timezone = 'UTC'
      log_min_messages = 'warning'
      """.formatted(Ports.HOST, on, ONE_ROUND));
  }

  private void stopLeftover() {
    var left = postmaster();
    if (left.isEmpty()) {
      return;
    }
    switch (left.get().state(data)) {
      case ALIVE -> require("stopped",
          account.run(PATIENCE.plusSeconds(5), binaries.program("pg_ctl"), "-D", data.toString(), "-w", "-t", "60", "-m", "fast", "-s",
              "stop"));
      case ENDED -> {
        // PostgreSQL itself sees by that file whether processes of the dead server still live
      }
      case STRANGER -> left.get().forget();
      case FOREIGN -> throw new IllegalStateException(
          "%s names process %d, a PostgreSQL over another folder. Was this folder moved while its server ran? Stop that process first"
              .formatted(left.get().file(), left.get().pid()));
    }
  }

  private Optional<Postmaster> postmaster() { return Postmaster.of(data); }

  private void require(String what, Programs.Ended ended) {
    if (!ended.well()) {
      throw new IllegalStateException(failure(what, ended));
    }
  }

  private String failure(String what, Programs.Ended ended) {
    return "PostgreSQL in %s could not be %s: %s%s".formatted(claim.folder(), what, ended.output().strip(), lastWords());
  }

  private String lastWords() {
    try {
      List<String> lines = Files.exists(log()) ? Files.readAllLines(log()) : List.of();
      return "\n" + String.join("\n", lines.subList(Math.max(0, lines.size() - 5), lines.size()));
    } catch (IOException e) {
      return "\n(its log cannot be read: " + e.getMessage() + ")";
    }
  }
}
