package dev.sluice.sandbox;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.awaitility.Awaitility.await;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import com.sun.security.auth.module.UnixSystem;
import java.io.IOException;
import java.net.InetAddress;
import java.net.ServerSocket;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.PosixFilePermissions;
import java.sql.Connection;
import java.sql.DriverManager;
import java.sql.SQLException;
import java.time.Duration;
import java.util.List;
import java.util.Map;
import java.util.concurrent.CompletableFuture;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/// All tests but those of other accounts share one folder: its data last.
class PostgresTest {
  private static final Duration SOON = Duration.ofSeconds(100);
  @TempDir
  private static Path temp;
  private Path folder;

  @BeforeEach
  void folder() {
    folder = temp.resolve("a folder");
  }

  @Test
  void keeps_its_data_over_a_start_on_another_port() throws SQLException {
    int before;
    try (var postgres = Postgres.start(folder, 0)) {
      before = postgres.port();
      execute(postgres.superuser(), "create table kept as select 7 as n");
    }
    try (var postgres = Postgres.start(folder, 0)) {
      assertThat(postgres.port()).isNotEqualTo(before);
      assertThat(one(postgres.superuser(), "select n from kept")).isEqualTo("7");
    }
  }

  @Test
  void keeps_what_was_committed_over_a_power_cut() throws SQLException {
    var postgres = Postgres.start(folder, 0);
    execute(postgres.superuser(), "create table committed as select 8 as n");
    postgres.kill();
    try (var again = Postgres.start(folder, postgres.port())) {
      assertThat(one(again.superuser(), "select n from committed")).isEqualTo("8");
    }
  }

  @Test
  void forgets_the_file_of_a_dead_server_whose_number_went_to_somebody_else() throws Exception {
    Postgres.start(folder, 0).kill();
    var file = folder.resolve("server/data/postmaster.pid");
    var stranger = new ProcessBuilder("sleep", "60").start();
    try {
      Files.writeString(file, Files.readString(file).replaceFirst("\\d+", Long.toString(stranger.pid())));
      Postgres.start(folder, 0).close();
      assertThat(stranger.isAlive()).isTrue();
    } finally {
      stranger.destroy();
    }
  }

  @Test
  void waits_for_processes_that_outlive_their_killed_server_and_leaves_its_file_to_postgresql() throws Exception {
    var postgres = Postgres.start(folder, 0);
    try (var connection = connect(postgres.superuser())) {
      var backend = ProcessHandle.of(Long.parseLong(one(connection, "select pg_backend_pid()"))).orElseThrow();
      var server = ProcessHandle.of(postgres.pid()).orElseThrow();
      signal("STOP", backend);
      server.destroyForcibly();
      await().atMost(SOON).until(() -> !server.isAlive());
      postgres.close();
      var before = refusals();
      var again = CompletableFuture.supplyAsync(() -> Postgres.start(folder, 0, PostgresBinaries.unpacked(), SOON.plusSeconds(20)));
      try {
        await().atMost(SOON).until(() -> again.isDone() || refusals() > before + 5); // more often than it would try other ports
        assertThat(again).isNotDone();
        assertThat(Postmaster.of(folder.resolve("server/data")).orElseThrow().pid()).isEqualTo(server.pid());
      } finally {
        signal("CONT", backend);
        again.join().close();
      }
    }
  }

  private long refusals() throws IOException {
    try (var lines = Files.lines(folder.resolve("server/log"))) {
      return lines.filter(line -> line.contains("pre-existing shared memory block")).count();
    }
  }

  private static void signal(String name, ProcessHandle process) throws Exception {
    assertThat(new ProcessBuilder("kill", "-" + name, Long.toString(process.pid())).start().waitFor()).isZero();
  }

  @Test
  void keeps_commits_on_disk_and_strangers_out() throws SQLException {
    try (var postgres = Postgres.start(folder, 0)) {
      var login = postgres.superuser();
      assertThat(one(login, "show fsync") + one(login, "show synchronous_commit")).isEqualTo("onon");
      assertThat(one(login, "show max_connections")).isEqualTo("200");
      assertThat(one(login, "show listen_addresses")).isEqualTo("127.0.0.1");
      Databases.of(postgres).ensure();
      assertThat(one(login, "select string_agg(distinct split_part(rolpassword, ':', 1), ' ') from pg_authid where rolcanlogin"))
          .as("random passwords, of one round each").isEqualTo("SCRAM-SHA-256$1");
      assertThatThrownBy(() -> DriverManager.getConnection(login.jdbcUrl(), login.user(), "guess")).hasMessageContaining("password");
      assertThat(Files.getPosixFilePermissions(folder.resolve("passwords"))).hasToString("[OWNER_READ, OWNER_WRITE]");
      assertThat(login.toString()).doesNotContain(login.password());
    } catch (IOException e) {
      throw new AssertionError(e);
    }
  }

  @Test
  void refuses_a_folder_that_is_in_use() throws IOException {
    try (var postgres = Postgres.start(folder, 0)) {
      assertThatThrownBy(() -> Postgres.start(folder, 0)).hasMessageContaining("is in use by this process");
      assertThat(postgres.port()).isPositive();
    }
  }

  @Test
  void says_that_the_port_is_taken() throws IOException {
    try (var other = new ServerSocket(0, 1, InetAddress.getByName("127.0.0.1"))) {
      assertThatThrownBy(() -> Postgres.start(folder, other.getLocalPort()))
          .hasMessageContaining("port %d".formatted(other.getLocalPort()));
    }
    Postgres.start(folder, 0).close();
  }

  @Test
  void runs_as_another_user_and_as_root_over_his_folder() throws Exception {
    assumeTrue(new UnixSystem().getUid() == 0, "needs root");
    var his = Files.createDirectory(temp.resolve("his folder"));
    Files.setAttribute(his, "unix:uid", Account.NOBODY);
    Files.setAttribute(his, "unix:gid", Account.NOBODY);
    PostgresBinaries.unpacked();
    var nobody = List.of("setpriv", "--reuid=65534", "--regid=65534", "--clear-groups", "--securebits=+no_setuid_fixup",
        "--inh-caps=+dac_read_search",
        "--ambient-caps=+dac_read_search");
    try (var child = Child.start(Start.class, nobody, cache(), his)) {
      assertThat(child.line()).isEqualTo("started");
    }
    assertThat(Files.getAttribute(his.resolve("server/data"), "unix:uid")).isEqualTo(Account.NOBODY);
    try (var postgres = Postgres.start(his, 0)) {
      assertThat(one(postgres.superuser(), "select 1")).isEqualTo("1");
    }
    assertThat(Files.getAttribute(his.resolve("server/data/postgresql.conf"), "unix:uid")).isEqualTo(Account.NOBODY);
  }

  @Test
  void runs_as_root_where_user_namespaces_are_forbidden() throws Exception {
    assumeTrue(new UnixSystem().getUid() == 0, "needs root");
    var path = Files.createDirectory(temp.resolve("bin"));
    for (var program : List.of("setpriv", "true")) { // but no unshare
      Files.writeString(path.resolve(program), """
        #!/bin/sh
        exec /usr/bin/%s "$@"
        """.formatted(program));
      Files.setPosixFilePermissions(path.resolve(program), PosixFilePermissions.fromString("rwxr-xr-x"));
    }
    var environment = Map.of("PATH", path.toString(), "SLUICE_CACHE", cache().get("SLUICE_CACHE"));
    try (var child = Child.start(Start.class, List.of(), environment, temp.resolve("no namespaces"))) {
      assertThat(child.line()).isEqualTo("started");
    }
  }

  @Test
  void says_that_its_passwords_were_lost_and_makes_no_new_ones() throws Exception {
    Postgres.start(folder, 0).close();
    var file = folder.resolve("passwords");
    var kept = Files.readString(file);
    try {
      Files.writeString(file, "");
      assertThatThrownBy(() -> Postgres.start(folder, 0)).hasMessageContaining(file.toRealPath().toString());
      assertThat(file).isEmptyFile();
    } finally {
      Files.writeString(file, kept);
    }
  }

  @Test
  void leaves_no_server_where_it_did_not_start_in_time_and_tries_no_other_port() throws Exception {
    Postgres.start(folder, 0).close();
    var late = programs("""
      "%s" "$@" || exit
      case "$*" in
        *start) echo >> starts; exit 1 ;;
      esac
      """);
    assertThatThrownBy(() -> Postgres.start(folder, 0, late)).hasMessageContaining("could not be started");
    assertThat(Files.readAllLines(folder.resolve("server/starts"))).hasSize(1);
    assertThat(folder.resolve("server/data/postmaster.pid")).doesNotExist();
  }

  @Test
  void goes_to_another_port_where_somebody_was_faster() throws Exception {
    try (var other = new ServerSocket(0, 1, InetAddress.getByName("127.0.0.1"))) {
      Postgres.start(folder, 0).close();
      var outrun = programs("""
        test -e outrun || sed -i 's/^port = .*/port = PORT/' data/postgresql.conf
        touch outrun
        exec "%s" "$@"
        """.replace("PORT", Integer.toString(other.getLocalPort())));
      try (var postgres = Postgres.start(folder, 0, outrun)) {
        assertThat(folder.resolve("server/outrun")).exists();
        assertThat(one(postgres.superuser(), "select 1")).isEqualTo("1");
      }
    }
  }

  /// PostgreSQL's programs with another `pg_ctl`.
  ///
  /// @param script with `%s` for the true one
  private static PostgresBinaries programs(String script) throws IOException {
    var programs = Files.createTempDirectory(temp, "programs");
    var control = Files.createDirectory(programs.resolve("bin")).resolve("pg_ctl");
    Files.writeString(control, "#!/bin/sh\n" + script.formatted(PostgresBinaries.unpacked().program("pg_ctl")));
    Files.setPosixFilePermissions(control, PosixFilePermissions.fromString("rwxr-xr-x"));
    return new PostgresBinaries(programs);
  }

  /// Starts a server and stops it at the end of its input.
  static final class Start {
    private Start() {
    }

    public static void main(String[] arguments) throws IOException {
      try (var postgres = Postgres.start(Path.of(arguments[0]), 0)) {
        IO.println(postgres.port() > 0 ? "started" : "no port");
        Child.awaitEndOfInput();
      }
    }
  }

  private static Map<String, String> cache() {
    return Map.of("SLUICE_CACHE", PostgresBinaries.unpacked().folder().getParent().toString());
  }

  static Connection connect(Login login) throws SQLException {
    return DriverManager.getConnection(login.jdbcUrl(), login.user(), login.password());
  }

  static void execute(Login login, String sql) throws SQLException {
    try (var connection = connect(login); var statement = connection.createStatement()) {
      statement.execute(sql);
    }
  }

  static String one(Login login, String sql) throws SQLException {
    try (var connection = connect(login)) {
      return one(connection, sql);
    }
  }

  private static String one(Connection connection, String sql) throws SQLException {
    try (var statement = connection.createStatement(); var rows = statement.executeQuery(sql)) {
      rows.next();
      return rows.getString(1);
    }
  }
}
