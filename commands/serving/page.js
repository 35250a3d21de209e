// What textual.js leaves to the page: where the server is, how files arrive, and what stands there at the end.
"use strict";

// The address of this page, whichever port ssh -L has given it.
document.getElementById("terminal").dataset.sessionWebsocketUrl =
  `${location.protocol === "https:" ? "wss" : "ws"}://${location.host}/ws`;

// A file must arrive without a new window: browsers allow one for a moment after a key alone.
const openWindow = window.open.bind(window);
window.open = (address, ...how) => {
  if (!String(address).startsWith(`${location.origin}/download/`)) return openWindow(address, ...how);
  const link = document.createElement("a");
  link.href = address;
  link.download = "";
  link.click();
  return null;
};

const Plain = window.WebSocket;
window.WebSocket = class extends Plain {
  constructor(...address) {
    super(...address);
    this.addEventListener("close", (event) => {
      document.getElementById("reason").textContent =
        event.reason || "The connection to phosphene serve is lost; runs go on.";
      document.getElementById("again").focus();
    });
  }
};
document.getElementById("again").addEventListener("click", () => location.reload());

// The terminal measures its font once, when it opens.
const begin = window.onload;
window.onload = async (event) => {
  await Promise.all(["", "bold ", "italic "].map((style) => document.fonts.load(`${style}16px "Roboto Mono"`)));
  begin(event);
  document.querySelector(".xterm-helper-textarea").focus();
};
