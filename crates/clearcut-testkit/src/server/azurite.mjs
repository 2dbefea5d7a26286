// node azurite.mjs create|sign ENDPOINT ACCOUNT KEY CONTAINER
// Makes a container, or writes a shared access signature for it.
import { createHmac } from "node:crypto";

const [verb, endpoint, account, key, container] = process.argv.slice(2);
const version = "2021-12-02";
const sign = (text) => createHmac("sha256", Buffer.from(key, "base64")).update(text, "utf8").digest("base64");

if (verb === "create") {
  const date = new Date().toUTCString();
  const headers = { "x-ms-date": date, "x-ms-version": version };
  const signedHeaders = `x-ms-date:${date}\nx-ms-version:${version}\n`;
  // The account is in the address too, and is signed twice then.
  const resource = `/${account}/${account}/${container}\nrestype:container`;
  const text = `PUT\n${"\n".repeat(11)}${signedHeaders}${resource}`;
  headers.authorization = `SharedKey ${account}:${sign(text)}`;
  const answer = await fetch(`${endpoint}/${container}?restype=container`, { method: "PUT", headers });
  if (answer.status !== 201 && answer.status !== 409) {
    console.error(answer.status, await answer.text());
    process.exit(1);
  }
} else {
  const permissions = "racwdl";
  const until = new Date(Date.now() + 3600e3).toISOString().replace(/\.\d+/, "");
  const fields = [permissions, "", until, `/blob/${account}/${container}`, "", "", "", version, "c", "", "", "", "", "", "", ""];
  const query = new URLSearchParams({ sp: permissions, se: until, sv: version, sr: "c", sig: sign(fields.join("\n")) });
  console.log(query.toString());
}
