package dev.sluice.sandbox;

/// What one client needs to enter PostgreSQL. Never print it: [#toString()] leaves the password out.
///
/// @param schema where its unqualified names live; `public` for the superuser
public record Login(String host, int port, String database, String user, String password, String schema) {

  /// `jdbc:postgresql://host:port/database`; user and password go beside it.
  public String jdbcUrl() { return "jdbc:postgresql://%s:%d/%s".formatted(host, port, database); }

  /// `postgresql://user:password@host:port/database`, as Vert.x and libpq read it.
  public String uri() { return "postgresql://%s:%s@%s:%d/%s".formatted(user, password, host, port, database); }

  /// The same login through another door, such as a [Proxy].
  public Login at(String otherHost, int otherPort) { return new Login(otherHost, otherPort, database, user, password, schema); }

  Login to(String otherDatabase) { return new Login(host, port, otherDatabase, user, password, schema); }

  @Override
  public String toString() { return "%s@%s:%d/%s".formatted(user, host, port, database); }
}
