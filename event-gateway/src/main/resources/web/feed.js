// The live feed: every event once, in order, over lost connections.

import {get, token} from "./api.js";

const FIRST_PAUSE = 500;
const LONGEST_PAUSE = 4_000;
/** Tokens that can stand in the name of a subprotocol. */
const PLAIN = /^[\w.~!#$%&'*+^`|-]+$/;

export class Feed {
  /**
   * @param cursor   the last event seen
   * @param onEvents told the events, oldest first
   * @param onState  told `live` or `lost`
   */
  constructor(cursor, onEvents, onState) {
    this.cursor = cursor;
    this.onEvents = onEvents;
    this.onState = onState;
    this.pause = FIRST_PAUSE;
    this.connect();
    addEventListener("online", () => this.again());
  }

  connect() {
    clearTimeout(this.timer);
    const address = new URL("/v1/events/stream", location.href);
    address.protocol = address.protocol.replace("http", "ws");
    address.searchParams.set("after", this.cursor);
    const protocols = ["sluice.v1"];
    if (PLAIN.test(token())) protocols.push(`bearer.${token()}`);
    else address.searchParams.set("access_token", token());
    this.socket?.close();
    const socket = this.socket = new WebSocket(address, protocols);
    let opened = false;
    socket.onopen = () => {
      opened = true;
      this.pause = FIRST_PAUSE;
      this.onState("live");
    };
    socket.onmessage = message => {
      if (this.socket === socket) this.take(JSON.parse(message.data));
    };
    socket.onclose = () => {
      if (this.socket === socket) this.lost(socket, opened);
    };
  }

  /** A frame is events and a cursor; or, as the last one, an error and the cursor to come back to. */
  take(frame) {
    if (frame.events?.length) this.onEvents(frame.events);
    this.cursor = frame.cursor;
  }

  async lost(socket, opened) {
    this.onState("lost");
    // a socket does not say why it was refused; a call does, and asks for a token where it must. A log that was restored may not go as far as our cursor
    if (!opened) await get(`/v1/events?limit=1&after=${this.cursor}`).catch(error => {
      if (error.problem?.status === 400) location.reload();
    });
    if (this.socket !== socket) return; // somebody has connected meanwhile
    this.timer = setTimeout(() => this.connect(), this.pause * (0.5 + Math.random()));
    this.pause = Math.min(LONGEST_PAUSE, this.pause * 2);
  }

  again() {
    if (this.socket.readyState > WebSocket.OPEN) this.connect();
  }
}
