package dev.sluice.sandbox;

import java.sql.Connection;
import java.sql.DriverManager;
import java.sql.PreparedStatement;
import java.sql.SQLException;
import java.util.List;
import java.util.function.Function;
import java.util.function.UnaryOperator;
import java.util.stream.Collectors;

/// Makes databases, schemas and roles for the services on one server. Everything may be done again, and by several processes at once.
public final class Databases {
  /// The services that keep data; role and schema bear the same name.
  public static final List<String> SERVICES = List.of("planner", "approval", "rollout", "health", "gateway");
  /// The database of a running Sluice.
  public static final String SLUICE = "sluice";

  private final Login superuser;
  private final UnaryOperator<String> passwords;
  private boolean rolesStand;

  /// @param passwords by role; the same answer each time
  Databases(Login superuser, UnaryOperator<String> passwords) {
    this.superuser = superuser;
    this.passwords = passwords;
  }

  /// The databases of a server of our own; its folder keeps the passwords.
  public static Databases of(Postgres postgres) { return new Databases(postgres.superuser(), postgres.passwords()::of); }

  /// Makes the database `sluice` where it is missing. Blocks.
  public Database ensure() { return ensure(SLUICE); }

  /// Makes a database where it is missing, with all schemas and roles. Blocks.
  public Database ensure(String name) {
    ensureRoles();
    inTurn(superuser, server -> {
      if (!exists(server, DATABASE, name)) {
        change(server, "create database %I", name);
      }
    });
    inTurn(superuser.to(name), database -> {
      database.setAutoCommit(false);
      change(database, "revoke all on database %I from public", name);
      change(database, "revoke all on schema public from public");
      for (var role : SERVICES) {
        change(database, "grant connect, temporary on database %I to %I", name, role);
        change(database, "create schema if not exists %I authorization %I", role, role);
      }
      database.commit();
    });
    return new Database(name, SERVICES.stream().collect(Collectors.toMap(Function.identity(), role -> login(name, role))));
  }

  private synchronized void ensureRoles() {
    if (!rolesStand) {
      inTurn(superuser, server -> {
        server.setAutoCommit(false);
        for (var role : SERVICES) {
          var verb = exists(server, ROLE, role) ? "alter" : "create";
          change(server, verb + " role %I login password %L", role, passwords.apply(role));
          change(server, "alter role %I set search_path = %I", role, role);
        }
        server.commit();
      });
      rolesStand = true;
    }
  }

  /// Drops a database with all in it and breaks its connections. Blocks.
  void drop(String name) { inTurn(superuser, server -> change(server, "drop database if exists %I with (force)", name)); }

  private Login login(String database, String role) {
    return new Login(superuser.host(), superuser.port(), database, role, passwords.apply(role), role);
  }

  private static final String ROLE = """
    select 1 from pg_roles where rolname = ?
    """;
  private static final String DATABASE = """
    select 1 from pg_database where datname = ?
    """;
  private static final String TURN = """
    select pg_advisory_lock(5121988)
    """;

  private interface Change {
    void on(Connection connection) throws SQLException;
  }

  /// Two creators at once would meet the same unique keys: one after the other, while the connection lives.
  private static void inTurn(Login login, Change change) {
    try (var connection = DriverManager.getConnection(login.jdbcUrl(), login.user(), login.password())) {
      try (var turn = connection.createStatement()) {
        turn.execute(TURN);
      }
      change.on(connection);
    } catch (SQLException e) {
      throw new IllegalStateException("%s: %s".formatted(login, e.getMessage()), e);
    }
  }

  private static boolean exists(Connection connection, String sql, String name) throws SQLException {
    try (var query = connection.prepareStatement(sql)) {
      query.setString(1, name);
      return query.executeQuery().next();
    }
  }

  /// Names cannot be parameters of a definition: the server quotes them (`%I` a name, `%L` a literal).
  private static void change(Connection connection, String definition, String... names) throws SQLException {
    try (var quoting = connection.prepareStatement("select format(?, variadic ?::text[])"); var run = connection.createStatement()) {
      quoting.setString(1, definition);
      quoting.setArray(2, connection.createArrayOf("text", names));
      run.execute(text(quoting));
    }
  }

  private static String text(PreparedStatement query) throws SQLException {
    try (var rows = query.executeQuery()) {
      rows.next();
      return rows.getString(1);
    }
  }
}
