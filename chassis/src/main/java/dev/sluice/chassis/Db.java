package dev.sluice.chassis;

import io.vertx.core.Future;
import io.vertx.core.Vertx;
import io.vertx.pgclient.PgConnectOptions;
import io.vertx.pgclient.PgException;
import io.vertx.sqlclient.ClientBuilder;
import io.vertx.sqlclient.Pool;
import io.vertx.sqlclient.PoolOptions;
import io.vertx.sqlclient.Row;
import io.vertx.sqlclient.RowSet;
import io.vertx.sqlclient.SqlConnection;
import io.vertx.sqlclient.Tuple;
import java.sql.SQLException;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.concurrent.Semaphore;
import java.util.concurrent.TimeUnit;
import java.util.function.Consumer;
import java.util.function.Function;
import java.util.regex.Pattern;
import org.flywaydb.core.Flyway;
import org.flywaydb.core.api.FlywayException;
import org.flywaydb.core.api.callback.BaseCallback;
import org.flywaydb.core.api.callback.Context;
import org.flywaydb.core.api.callback.Event;

/// One service's PostgreSQL schema, in straight lines. Blocks; call on virtual threads. Every wait has a deadline, past which it is an [Outage]; so is a
/// database that is away. What PostgreSQL itself refuses comes as its [PgException].
public final class Db implements AutoCloseable {
  /// How long one answer is waited for.
  static final Duration LIMIT = Duration.ofSeconds(12);
  /// A connection from which nothing comes for so long leads nowhere.
  private static final Duration DUMB = Duration.ofSeconds(15);
  /// The same from the database's side: a process that stands still, or a machine that is gone, holds no row and no lock for longer than this.
  private static final Map<String, String> GONE = Map.of("idle_in_transaction_session_timeout", "10000", "statement_timeout", "15000",
      "tcp_keepalives_idle", "5", "tcp_keepalives_interval", "5", "tcp_keepalives_count", "2", "tcp_user_timeout", "15000");
  /// A way in is found soon or not at all; a migration of a large table takes its time, but not for ever; and a machine that is gone holds no lock.
  private static final String MIGRATING = "?ApplicationName=migrate&loginTimeout=15&socketTimeout=3600&tcpKeepAlive=true&options="
      + "-c%20tcp_keepalives_idle%3D5%20-c%20tcp_keepalives_interval%3D5%20-c%20tcp_keepalives_count%3D2%20-c%20tcp_user_timeout%3D15000";
  private static final ScopedValue<Consumer<Tx>> LAST = ScopedValue.newInstance();
  /// What PostgreSQL says where the same may work later: a connection (08), who connects (28), a resource (53), an operator (57), the machine (58), 40, which asks
  /// to try the transaction again, a standby that is not yet the primary (25006), and a transaction that stood still for too long (25P03).
  private static final Pattern AWAY = Pattern.compile("(08|28|40|53|57|58)...|25006|25P03");
  /// The same, and a database that is not there (3D).
  private static final Pattern NO_WAY_IN = Pattern.compile(AWAY.pattern() + "|3D...");
  private static final Duration CONNECT = Duration.ofSeconds(10);
  private static final Duration WAIT = Duration.ofSeconds(10);
  private static final int WAITING_FOR_EACH = 50;
  private final Pool pool;
  /// One for each connection of the pool. Who waits does so for these: a waiter of the pool's own queue who gives up can take the place of a connection with him for
  /// ever, and leaves an error in the log ten seconds later (vertx-sql-client#1567, #1706).
  private final Semaphore free;
  private final int mostWaiting;
  private final PgConnectOptions options;
  private final Vertx vertx;

  private Db(Vertx vertx, PgConnectOptions options, int poolSize) {
    this.vertx = vertx;
    this.options = options;
    this.free = new Semaphore(poolSize, true);
    this.mostWaiting = poolSize * WAITING_FOR_EACH;
    this.pool = ClientBuilder.pool(new WatchedDriver(CONNECT, DUMB)).using(vertx).connectingTo(options)
        .with(new PoolOptions().setMaxSize(poolSize).setConnectionTimeout(0).setIdleTimeout(10).setIdleTimeoutUnit(TimeUnit.SECONDS))
        .build();
  }

  /// Opens the pool; connects when first used.
  public static Db open(Vertx vertx, ServiceConfig config) {
    var options = new PgConnectOptions().setHost(config.pgHost()).setPort(config.pgPort()).setDatabase(config.pgDatabase())
        .setUser(config.pgUser())
        .setPassword(config.pgPassword()).setCachePreparedStatements(true).setPreparedStatementCacheMaxSize(256)
        .addProperty("search_path", config.schema()).addProperty("application_name", config.service());
    GONE.forEach(options::addProperty);
    return new Db(vertx, options, config.pgPoolSize());
  }

  /// Brings the schema up to date: the chassis' tables and the service's own, from `db/planner` for `planner-service`, `db/gateway` for `event-gateway`. Blocks;
  /// call before the service starts.
  ///
  /// @throws Outage where there is no way into the database
  public static void migrate(ServiceConfig config) {
    var migrations = Flyway.configure()
        .dataSource("jdbc:postgresql://" + config.pgHost() + ":" + config.pgPort() + "/" + config.pgDatabase() + MIGRATING,
            config.pgUser(),
            config.pgPassword())
        .schemas(config.schema()).defaultSchema(config.schema()).createSchemas(false)
        // the chassis' next migration comes before a service's last one, which an older database has
        .outOfOrder(true).callbacks(new BaseCallback() {
          @Override
          public boolean supports(Event event, Context context) { return event == Event.AFTER_EACH_MIGRATE; }

          @Override
          public void handle(Event event, Context context) {
            CrashPoint.DURING_MIGRATION.reached();
          }
        })
        .locations("classpath:db/chassis", "classpath:db/" + config.service().replace("-service", "").replace("event-", "")).load();
    try {
      migrations.migrate();
    } catch (FlywayException e) {
      if (e.getCause() instanceof SQLException s && NO_WAY_IN.matcher(String.valueOf(s.getSQLState())).matches())
        throw new Outage("the database " + config.pgDatabase() + " cannot be used as " + config.pgUser() + ": " + s.getMessage(), e);
      throw e;
    }
  }

  /// Rows of one statement.
  public RowSet<Row> query(String sql, Object... parameters) {
    var statement = pool.preparedQuery(sql);
    var values = Tuple.wrap(parameters);
    var left = awaitTurn();
    return await(statement.execute(values).onComplete(_ -> free.release()), left);
  }

  /// @return what is left of [#LIMIT]
  private Duration awaitTurn() {
    long began = System.nanoTime();
    try {
      if (free.getQueueLength() < mostWaiting && free.tryAcquire(WAIT.toMillis(), TimeUnit.MILLISECONDS))
        return LIMIT.minusNanos(System.nanoTime() - began);
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
      throw new Outage("PostgreSQL: interrupted", e);
    }
    throw new Outage("PostgreSQL is too slow, or away: each connection is in use", null);
  }

  /// Rows as values.
  public <T> List<T> list(String sql, Function<Row, T> row, Object... parameters) {
    return query(sql, parameters).stream().map(row).toList();
  }

  /// Does work each of whose transactions ends with `last`.
  static <T, X extends Throwable> T within(Consumer<Tx> last, ScopedValue.CallableOp<? extends T, X> work) throws X {
    return ScopedValue.where(LAST, last).call(work);
  }

  /// Does all in one transaction, or none of it.
  public <T> T inTransaction(Function<Tx, T> work) {
    var left = awaitTurn();
    var connection = orClosed(pool.getConnection(), left, free::release);
    try {
      var transaction = await(connection.begin());
      var tx = new Tx(connection);
      T result;
      try {
        result = work.apply(tx);
        if (LAST.isBound()) LAST.get().accept(tx);
        tx.sent.forEach(Db::await);
      } catch (RuntimeException | Error e) {
        rollback(transaction);
        // after the first failure PostgreSQL only says that the transaction is aborted
        tx.sent.stream().filter(Future::failed).findFirst().ifPresent(Db::await);
        throw e;
      }
      await(transaction.commit());
      tx.committed.forEach(Runnable::run);
      return result;
    } finally {
      var _ = connection.close().onComplete(_ -> free.release());
    }
  }

  public void doInTransaction(Consumer<Tx> work) {
    inTransaction(tx -> {
      work.accept(tx);
      return null;
    });
  }

  /// A connection of its own, for a session lock or notifications; the caller closes it.
  public SqlConnection connection() {
    return orClosed(io.vertx.pgclient.PgConnection.connect(vertx, options).map(c -> c), LIMIT, () -> {});
  }

  /// A connection that comes when nobody waits for it any more is closed.
  ///
  /// @param over done when there is none, or it is closed
  private static SqlConnection orClosed(Future<SqlConnection> making, Duration limit, Runnable over) {
    try {
      return await(making, limit);
    } catch (RuntimeException | Error e) {
      making.compose(SqlConnection::close).onComplete(_ -> over.run());
      throw e;
    }
  }

  @Override
  public void close() { Await.on(pool.close(), LIMIT, "closing the pool"); }

  private static void rollback(io.vertx.sqlclient.Transaction transaction) {
    try {
      await(transaction.rollback());
    } catch (RuntimeException e) {
      // the connection is gone, and its transaction with it
    }
  }

  static <T> T await(Future<T> future) { return await(future, LIMIT); }

  private static <T> T await(Future<T> future, Duration limit) {
    try {
      return Await.on(future, limit, "PostgreSQL");
    } catch (PgException e) {
      if (AWAY.matcher(String.valueOf(e.getSqlState())).matches()) throw new Outage("PostgreSQL is away: " + e.getErrorMessage(), e);
      throw e;
    } catch (Outage e) {
      throw e;
    } catch (RuntimeException e) {
      throw new Outage("PostgreSQL is away: " + e.getMessage(), e);
    }
  }

  /// One transaction.
  public static final class Tx {
    private final SqlConnection connection;
    private final List<Runnable> committed = new ArrayList<>();
    private final List<Future<?>> sent = new ArrayList<>();

    Tx(SqlConnection connection) {
      this.connection = connection;
    }

    static final String LOCK = "select pg_advisory_xact_lock(hashtextextended(current_schema() || '/' || $1, 0))";
    private static final String LOCK_SHARED = "select pg_advisory_xact_lock_shared(hashtextextended(current_schema() || '/' || $1, 0))";
    private static final String TRY_LOCK = "select pg_try_advisory_xact_lock(hashtextextended(current_schema() || '/' || $1, 0)) as won";

    /// Waits for a lock of the schema by its name, and holds it to the end of the transaction.
    public void lock(String name) { query(LOCK, name); }

    /// The same beside others who share it.
    public void lockShared(String name) { query(LOCK_SHARED, name); }

    /// The same without waiting.
    ///
    /// @return whether it is held now
    public boolean tryLock(String name) { return query(TRY_LOCK, name).iterator().next().getBoolean("won"); }

    /// Does something once all is committed, such as to write a line of the log; not where it is rolled back.
    public void onCommit(Runnable then) { committed.add(then); }

    public RowSet<Row> query(String sql, Object... parameters) {
      return await(connection.preparedQuery(sql).execute(Tuple.wrap(parameters)));
    }

    public <T> List<T> list(String sql, Function<Row, T> row, Object... parameters) {
      return query(sql, parameters).stream().map(row).toList();
    }

    /// Sends a statement whose answer nobody needs, without waiting for it: the next one follows at once on the same connection. The transaction commits only if it
    /// works, else it fails with what this one met.
    public void send(String sql, Object... parameters) { sent.add(connection.preparedQuery(sql).execute(Tuple.wrap(parameters))); }
  }

  /// Whether PostgreSQL refused what it was given: a value (22), or what a constraint forbids (23).
  static boolean isDataFault(PgException e) { return String.valueOf(e.getSqlState()).matches("2[23]..."); }

  /// Whether PostgreSQL refused a second row of the same key.
  public static boolean isDuplicate(PgException e) { return "23505".equals(e.getSqlState()); }
}
