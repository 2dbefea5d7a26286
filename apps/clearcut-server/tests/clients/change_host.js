// Loaded before a client whose host is a constant: sends what is meant for api.remove.bg to CLEARCUT_SERVER instead.
const http = require("http");
const https = require("https");

const server = new URL(process.env.CLEARCUT_SERVER);
const original = https.request;

https.request = function (options, callback) {
  if ((options.hostname || options.host) !== "api.remove.bg") return original.call(https, options, callback);
  const changed = { protocol: "http:", host: server.hostname, hostname: server.hostname, port: server.port, agent: undefined };
  return http.request(Object.assign({}, options, changed), callback);
};
