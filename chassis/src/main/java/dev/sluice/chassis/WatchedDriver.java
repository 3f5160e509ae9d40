package dev.sluice.chassis;

import io.netty.channel.ChannelHandlerContext;
import io.netty.handler.timeout.IdleStateEvent;
import io.netty.handler.timeout.IdleStateHandler;
import io.vertx.core.Completable;
import io.vertx.core.Context;
import io.vertx.core.Future;
import io.vertx.core.Vertx;
import io.vertx.core.internal.ContextInternal;
import io.vertx.core.net.NetClientOptions;
import io.vertx.pgclient.PgConnectOptions;
import io.vertx.pgclient.spi.PgDriver;
import io.vertx.sqlclient.SqlConnection;
import io.vertx.sqlclient.impl.SocketConnectionBase;
import io.vertx.sqlclient.internal.Connection;
import io.vertx.sqlclient.internal.SqlConnectionInternal;
import io.vertx.sqlclient.spi.ConnectionFactory;
import java.time.Duration;
import java.util.concurrent.TimeUnit;

/// PostgreSQL's driver, which gives up connections that lead nowhere: the machine behind them is gone, or the way to it. One that is not made in time, or from which
/// nothing comes for so long after it was last written to, is closed; what waits for it fails, and the pool opens the next one. The driver itself takes no such options.
final class WatchedDriver extends PgDriver {
  private final Duration connect;
  private final Duration dumb;

  /// @param connect how long a connection may be made
  /// @param dumb    how long nothing may come; no statement takes longer
  WatchedDriver(Duration connect, Duration dumb) {
    this.connect = connect;
    this.dumb = dumb;
  }

  @Override
  public ConnectionFactory<PgConnectOptions> createConnectionFactory(Vertx vertx, NetClientOptions options) {
    return new Watched(super.createConnectionFactory(vertx, options));
  }

  @Override
  public SqlConnectionInternal wrapConnection(ContextInternal context, ConnectionFactory<PgConnectOptions> factory, Connection connection) {
    return super.wrapConnection(context, factory instanceof Watched watched ? watched.driver : factory, connection);
  }

  private final class Watched implements ConnectionFactory<PgConnectOptions> {
    private final ConnectionFactory<PgConnectOptions> driver;

    Watched(ConnectionFactory<PgConnectOptions> driver) { this.driver = driver; }

    @Override
    public Future<SqlConnection> connect(Context context, PgConnectOptions options) {
      var making = driver.connect(context, options).onSuccess(WatchedDriver.this::watch);
      return making.timeout(connect.toMillis(), TimeUnit.MILLISECONDS).onFailure(_ -> making.onSuccess(SqlConnection::close));
    }

    @Override
    public void close(Completable<Void> completion) { driver.close(completion); }
  }

  private void watch(SqlConnection made) {
    var line = (SocketConnectionBase) ((SqlConnectionInternal) made).unwrap().unwrap();
    line.socket().channelHandlerContext().pipeline().addFirst(new IdleStateHandler(0, 0, dumb.toMillis(), TimeUnit.MILLISECONDS) {
      @Override
      protected void channelIdle(ChannelHandlerContext channel, IdleStateEvent idle) { channel.close(); }
    });
  }
}
