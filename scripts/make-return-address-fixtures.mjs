#!/usr/bin/env node
// Makes the table of return addresses for the portal's tests, with node's URL (the WHATWG URL Standard, which is how
// browsers read addresses) as the oracle.
//
// Usage: node scripts/make-return-address-fixtures.mjs [OUTPUT]
//
// Every run gives the same output.

import { writeFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";

const output =
  process.argv[2] ??
  join(dirname(fileURLToPath(import.meta.url)), "../Tests/PortalSSOTests/Fixtures/return-addresses.json");

// `origins`: where a return address may lead, by the rule that a host listed without a port counts on its scheme's
// default port and on the portal's own, and that http is for portals that are http themselves.
const portals = [
  {
    scheme: "https",
    authority: "feedback.acme.test",
    hosts: ["feedback.acme.test", "ideas.acme.test:8443", "[2001:db8::1]", "xn--bcher-kva.example"],
    origins: [
      "https://feedback.acme.test",
      "https://ideas.acme.test:8443",
      "https://[2001:db8::1]",
      "https://xn--bcher-kva.example",
    ],
  },
  {
    scheme: "https",
    authority: "feedback.acme.test:8443",
    hosts: ["feedback.acme.test", "ideas.acme.test"],
    origins: [
      "https://feedback.acme.test:8443",
      "https://feedback.acme.test",
      "https://ideas.acme.test:8443",
      "https://ideas.acme.test",
    ],
  },
  {
    scheme: "http",
    authority: "127.0.0.1:8080",
    hosts: ["127.0.0.1", "localhost"],
    origins: ["http", "https"].flatMap((scheme) =>
      ["127.0.0.1:8080", "127.0.0.1", "localhost:8080", "localhost"].map((host) => `${scheme}://${host}`),
    ),
  },
];

// None of these may be followed, whatever a browser would make of them.
const hostile = {
  "scheme-relative": "//evil.example",
  "scheme-relative with a path": "//evil.example/page",
  "scheme-relative to the portal": "//feedback.acme.test/page",
  "three slashes": "///evil.example",
  "four slashes": "////evil.example",
  "slash, backslash": "/\\evil.example",
  "backslash, slash": "\\/evil.example",
  "two backslashes": "\\\\evil.example",
  "slash, two backslashes": "/\\\\evil.example",
  "backslash alone": "\\evil.example",
  "backslash later": "/page\\..\\..\\evil",
  "tab between slashes": "/\t/evil.example",
  "newline between slashes": "/\n/evil.example",
  "carriage return between slashes": "/\r/evil.example",
  "tab first": "\t//evil.example",
  "space first": " //evil.example",
  "space before a path": " /page",
  "space at the end": "/page ",
  "NUL first": "\u0000//evil.example",
  "NUL in the path": "/page\u0000",
  "NUL between slashes": "/\u0000/evil.example",
  "header injection": "/page\r\nSet-Cookie: a=b",
  "newline at the end": "/page\n",
  "vertical tab": "/\u000b/evil.example",
  "form feed": "/\u000c/evil.example",
  "delete": "/\u007f/evil.example",
  "C1 control": "/\u0085/evil.example",
  "encoded tab": "/%09/evil.example",
  "encoded newline": "/%0a/evil.example",
  "encoded header injection": "/page%0d%0aSet-Cookie:%20a=b",
  "encoded NUL": "/%00/evil.example",
  "encoded slash": "/%2fevil.example",
  "encoded slashes": "/%2f%2fevil.example",
  "encoded slashes in capitals": "/%2F%2Fevil.example",
  "encoded backslash": "/%5cevil.example",
  "encoded backslash later": "/page%5c..",
  "twice encoded slash": "/%252fevil.example",
  "thrice encoded slash": "/%25252fevil.example",
  "digits of an encoded slash encoded": "/%25%32%66evil.example",
  "encoded without end": "/%25252525252525252fevil.example",
  "both slashes encoded": "%2f%2fevil.example",
  "dot, slash": "/.//evil.example",
  "dot dot, slash": "/..//evil.example",
  "page, dot dot, slash": "/page/..//evil.example",
  "encoded dot": "/%2e//evil.example",
  "encoded dot dot": "/page/%2e%2e//evil.example",
  "half encoded dot dot": "/page/.%2e//evil.example",
  "dot dot behind a parameter": "/page/..;/admin",
  "dot dot at the end": "/page/..",
  "relative dot": "./page",
  "relative dot dot": "../page",
  "relative": "page",
  "relative with a colon": "evil.example:443/page",
  "empty": "",
  "query alone": "?page=1",
  "fragment alone": "#top",
  "at sign first": "@evil.example",
  "userinfo": "https://feedback.acme.test@evil.example",
  "userinfo with password": "https://feedback.acme.test:443@evil.example/",
  "userinfo on the portal": "https://user@feedback.acme.test/page",
  "empty userinfo": "https://@feedback.acme.test/page",
  "userinfo with an encoded slash": "https://feedback.acme.test%2f@evil.example/",
  "userinfo with an encoded at sign": "https://feedback.acme.test%40evil.example/",
  "backslash before an at sign": "https://feedback.acme.test\\@evil.example/",
  "backslash behind the host": "https://evil.example\\.feedback.acme.test/",
  "fragment before an at sign": "https://evil.example#@feedback.acme.test/",
  "query before an at sign": "https://evil.example?@feedback.acme.test/",
  "slash before an at sign": "https://evil.example/@feedback.acme.test/",
  "semicolon in the host": "https://feedback.acme.test;evil.example/",
  "comma in the host": "https://feedback.acme.test,evil.example/",
  "ampersand in the host": "https://feedback.acme.test&@evil.example/",
  "one slash": "https:/evil.example",
  "no slash": "https:evil.example",
  "no slash, http": "http:evil.example",
  "no slash, the portal": "https:feedback.acme.test/page",
  "one slash, the portal": "https:/feedback.acme.test/page",
  "three slashes behind the scheme": "https:///evil.example/page",
  "three slashes, the portal": "https:///feedback.acme.test/page",
  "backslashes behind the scheme": "https:\\\\evil.example/page",
  "tab in the scheme": "ht\ttps://evil.example/",
  "newline before the scheme": "\nhttps://evil.example/",
  "tab in the host": "https://feedback.acme.test\t.evil.example/",
  "scheme in mixed case": "HtTpS://evil.example/",
  "javascript": "javascript:alert(1)",
  "javascript in mixed case": "JaVaScRiPt:alert(1)",
  "javascript with slashes": "javascript://feedback.acme.test/%0aalert(1)",
  "javascript behind a control": "\u0001javascript:alert(1)",
  "javascript with a tab": "java\tscript:alert(1)",
  "data": "data:text/html,<script>alert(1)</script>",
  "data in base64": "data:text/html;base64,PHNjcmlwdD5hbGVydCgxKTwvc2NyaXB0Pg==",
  "vbscript": "vbscript:msgbox(1)",
  "file": "file:///etc/passwd",
  "ftp on the portal": "ftp://feedback.acme.test/page",
  "blob": "blob:https://feedback.acme.test/1",
  "view-source": "view-source:https://feedback.acme.test/",
  "about": "about:blank",
  "WebSocket": "wss://feedback.acme.test/page",
  "cleartext": "http://feedback.acme.test/page",
  "cleartext in mixed case": "hTTp://feedback.acme.test/page",
  "cleartext on the port of TLS": "http://feedback.acme.test:443/page",
  "loopback that isn't listed": "http://127.0.0.1/page",
  "another host": "https://evil.example/page",
  "suffix host": "https://feedback.acme.test.evil.example/",
  "prefix host": "https://evilfeedback.acme.test/",
  "a host below": "https://evil.feedback.acme.test/",
  "the host above": "https://acme.test/",
  "trailing dot": "https://feedback.acme.test./page",
  "two trailing dots": "https://feedback.acme.test../page",
  "leading dot": "https://.feedback.acme.test/page",
  "no host": "https://",
  "no host, but a path": "https:////page",
  "no host, but a port": "https://:443/page",
  "encoded letter in the host": "https://feedb%61ck.acme.test/page",
  "encoded dot in the host": "https://evil%2eexample/page",
  "encoded slash in the host": "https://evil.example%2ffeedback.acme.test/",
  "encoded NUL in the host": "https://feedback.acme.test%00.evil.example/",
  "soft hyphen in the host": "https://feedback.ac\u00adme.test/page",
  "zero width space in the host": "https://feedback.acme\u200b.test/page",
  "ideographic full stop": "https://feedback\u3002acme\u3002test/page",
  "fullwidth full stop": "https://evil\uff0eexample/page",
  "halfwidth full stop": "https://evil\uff61example/page",
  "fullwidth letters": "https://\uff45vil.example/page",
  "fullwidth slashes": "/\uff0f\uff0fevil.example",
  "fullwidth at sign": "https://feedback.acme.test\uff20evil.example/",
  "fullwidth colon": "https\uff1a//evil.example/",
  "one dot leader": "/\u2024/evil.example",
  "two dot leader": "/\u2025//evil.example",
  "division slash": "https://evil.example\u2215.feedback.acme.test/",
  "fraction slash": "https://evil.example\u2044.feedback.acme.test/",
  "account of": "https://evil.ex\u2100mple/page",
  "Kelvin sign": "https://feedbac\u212a.acme.test/page",
  "long s": "https://feedback.acme.te\u017ft/page",
  "international name in letters": "https://b\u00fccher.example/page",
  "byte order mark": "\ufeffhttps://evil.example/",
  "no-break space first": "\u00a0//evil.example",
  "line separator": "/\u2028/evil.example",
  "right to left override": "/\u202egnp.evil",
  "another port": "https://feedback.acme.test:444/page",
  "port of cleartext": "https://feedback.acme.test:80/page",
  "port above the highest": "https://feedback.acme.test:65979/page",
  "port with a sign": "https://feedback.acme.test:+443/page",
  "port with a zero in front": "https://feedback.acme.test:0443/page",
  "port 0": "https://feedback.acme.test:0/page",
  "port missing behind its colon": "https://feedback.acme.test:/page",
  "port with letters": "https://feedback.acme.test:443evil/page",
  "two ports": "https://feedback.acme.test:443:443/page",
  "listed with another port": "https://ideas.acme.test/page",
  "IPv6 that isn't listed": "https://[::1]/page",
  "IPv6 in another spelling": "https://[2001:DB8:0::1]/page",
  "IPv6 with a zone": "https://[2001:db8::1%25eth0]/page",
  "IPv6 without an end": "https://[2001:db8::1/page",
  "IPv6 without a beginning": "https://2001:db8::1]/page",
  "IPv6 with a name behind": "https://[2001:db8::1].evil.example/page",
  "IPv4 in IPv6": "https://[::ffff:127.0.0.1]/page",
  "IPv4 as a number": "https://2130706433/page",
  "IPv4 in octal": "https://0177.0.0.1/page",
  "IPv4 in hexadecimal": "https://0x7f.1/page",
  "IPv4 cut short": "https://127.1/page",
  "percent sign without digits": "/100%",
  "percent sign with one digit": "/100%2",
  "percent sign with letters": "/100%zz",
  "double quote": '/page"onload="alert(1)',
  "angle brackets": "/<script>alert(1)</script>",
  "back-tick": "/`",
  "the gateway's own start": "/_widget/sso/start?return_to=/page",
  "the gateway's own start, encoded": "/%5fwidget/sso/start",
  "the gateway's own logout": "https://feedback.acme.test/_widget/logout",
  "very long": "/" + "a".repeat(2048),
  "very long host": "https://" + "a.".repeat(1100) + "feedback.acme.test/",
  "very long and elsewhere": "//" + "a".repeat(5000),
};

// These may be followed, and what stands in `Location` then.
const welcome = [
  ["the first page", 0, "/", "/"],
  ["a page", 0, "/page", "/page"],
  ["a page with query and fragment", 0, "/page?x=1&y=2#z", "/page?x=1&y=2#z"],
  ["an address in the query", 0, "/page?next=https://evil.example//x", "/page?next=https://evil.example//x"],
  ["slashes in the fragment", 0, "/page#//evil.example", "/page#//evil.example"],
  ["at sign and colon in the path", 0, "/@jane/a:b", "/@jane/a:b"],
  ["escapes", 0, "/caf%C3%A9?q=%E2%82%AC%20a", "/caf%C3%A9?q=%E2%82%AC%20a"],
  ["an encoded slash inside", 0, "/files/a%2Fb", "/files/a%2Fb"],
  ["dots in a name", 0, "/a...b/.well-known/..x", "/a...b/.well-known/..x"],
  ["double slash inside", 0, "/a//b", "/a//b"],
  ["an encoded newline in the query", 0, "/new?text=a%0Ab", "/new?text=a%0Ab"],
  ["the portal, whole", 0, "https://feedback.acme.test/page?x#y", "/page?x#y"],
  ["the portal, in capitals", 0, "HTTPS://FEEDBACK.ACME.TEST/Page", "/Page"],
  ["the portal with its default port", 0, "https://feedback.acme.test:443/page", "/page"],
  ["the portal without a path", 0, "https://feedback.acme.test", "/"],
  ["the portal with a query alone", 0, "https://feedback.acme.test?x=1", "/?x=1"],
  ["the portal with a fragment alone", 0, "https://feedback.acme.test#x", "/#x"],
  ["a host with its port", 0, "https://ideas.acme.test:8443/page", "https://ideas.acme.test:8443/page"],
  ["a host in capitals", 0, "https://IDEAS.acme.test:8443/Page", "https://ideas.acme.test:8443/Page"],
  ["a host without a path", 0, "https://ideas.acme.test:8443", "https://ideas.acme.test:8443/"],
  ["an address of IPv6", 0, "https://[2001:db8::1]/page", "https://[2001:db8::1]/page"],
  ["an international name in ASCII", 0, "https://xn--bcher-kva.example/page", "https://xn--bcher-kva.example/page"],
  ["a portal on another port", 1, "https://feedback.acme.test:8443/page", "/page"],
  ["the default port beside it", 1, "https://feedback.acme.test/page", "https://feedback.acme.test/page"],
  ["a host on the portal's port", 1, "https://ideas.acme.test:8443/page", "https://ideas.acme.test:8443/page"],
  ["a host on the default port", 1, "https://ideas.acme.test/page", "https://ideas.acme.test/page"],
  ["a portal on loopback", 2, "http://127.0.0.1:8080/page", "/page"],
  ["loopback by name", 2, "http://localhost:8080/page", "http://localhost:8080/page"],
  ["loopback with TLS", 2, "https://localhost/page", "https://localhost/page"],
  ["the longest", 0, "/" + "a".repeat(2047), "/" + "a".repeat(2047)],
];

// As above, but with a token in the query, which is cut.
const withToken = [
  ["sso", 0, "/page?sso=TOKEN", "/page"],
  ["ssoToken", 0, "/page?a=1&ssoToken=TOKEN&b=2", "/page?a=1&b=2"],
  ["jwt", 0, "https://ideas.acme.test:8443/page?jwt=TOKEN#x", "https://ideas.acme.test:8443/page#x"],
  ["encoded name", 0, "/page?%73so=TOKEN&x=1", "/page?x=1"],
  ["capitals", 0, "/page?SSO=TOKEN&SsoTOKEN=TOKEN&x=1", "/page?x=1"],
  ["twice", 0, "/page?sso=TOKEN&sso=TOKEN", "/page"],
  ["without a value", 0, "/page?sso&x=1", "/page?x=1"],
  ["the names of others", 0, "/page?ssox=1&xsso=2&s=so&jwtx=3", "/page?ssox=1&xsso=2&s=so&jwtx=3"],
];

const base = (index) => `${portals[index].scheme}://${portals[index].authority}/some/page`;

/** Where a browser on the portal goes; origin and href are null where it goes nowhere. */
function resolve(candidate, index) {
  try {
    const url = new URL(candidate, base(index));
    return { origin: url.origin, href: url.href };
  } catch {
    return { origin: null, href: null };
  }
}

function accepted([name, portal, candidate, location]) {
  const { origin } = resolve(candidate, portal);
  const target = resolve(location, portal);
  if (target.origin !== origin || !portals[portal].origins.includes(origin)) {
    throw new Error(`${name}: ${candidate} leads to ${origin}, ${location} to ${target.origin}`);
  }
  return { name, portal, candidate, location, origin };
}

// A small generator with a seed (mulberry32): the same mutations every time.
let state = 0x5eed;
function random(limit) {
  state = (state + 0x6d2b79f5) | 0;
  let mixed = Math.imul(state ^ (state >>> 15), 1 | state);
  mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed;
  return ((mixed ^ (mixed >>> 14)) >>> 0) % limit;
}
const pick = (list) => list[random(list.length)];

const pieces = [
  "/", "//", "\\", "@", ":", "?", "#", "%", ".", "..", ";", "&", "=", "[", "]", "\t", "\n", "\r", "\u0000", " ", "a",
  "0", "%2f", "%5c", "%00", "%09", "%2e", "%252f", "http:", "https:", "https://", "evil.example", "feedback.acme.test",
  "\u3002", "\uff0f", "\uff20", "\u00ad", ":443", ":8443", "?sso=T", "javascript:", "|", "^", "'", "{", "\u0131",
];
const seeds = [...Object.values(hostile), ...welcome.map((row) => row[2]), ...withToken.map((row) => row[2])].filter(
  (seed) => seed.length < 200,
);

function mutation() {
  // Half of them begin with what is welcome: few others would be accepted.
  let text = random(2) ? pick(seeds) : pick(welcome.filter((row) => row[2].length < 200))[2];
  for (let rounds = 1 + random(3); rounds > 0; rounds -= 1) {
    const at = random(text.length + 1);
    const end = Math.min(text.length, at + 1 + random(4));
    switch (random(6)) {
      case 0: text = text.slice(0, at) + text.slice(end); break;
      case 1: text = text.slice(0, at) + pick(pieces) + text.slice(end); break;
      case 2: text = text.slice(0, at) + text.slice(at, end).toUpperCase() + text.slice(end); break;
      case 3: text = text.slice(0, at) + pick(seeds).slice(random(12)) + text.slice(end); break;
      default: text = text.slice(0, at) + pick(pieces) + text.slice(at);
    }
  }
  return text.slice(0, 160).toWellFormed();
}

const mutations = new Map();
while (mutations.size < 2000) {
  const portal = random(portals.length);
  const candidate = mutation();
  const { origin, href } = resolve(candidate, portal);
  const isAllowed = portals[portal].origins.includes(origin);
  mutations.set(`${portal} ${candidate}`, isAllowed ? [portal, candidate, origin, href] : [portal, candidate, origin]);
}

const table = {
  portals,
  hostile: Object.entries(hostile).map(([name, candidate]) => ({
    name,
    candidate,
    origins: portals.map((_, index) => resolve(candidate, index).origin),
  })),
  welcome: welcome.map(accepted),
  withToken: withToken.map(accepted),
  mutations: [...mutations.values()],
};
// A row a line, so that a change can be read.
const rows = (list) => `[\n    ${list.map((row) => JSON.stringify(row)).join(",\n    ")}\n  ]`;
const text = Object.entries(table).map(([name, list]) => `  ${JSON.stringify(name)}: ${rows(list)}`);
writeFileSync(output, `{\n${text.join(",\n")}\n}\n`);
console.error(`${table.hostile.length} hostile, ${table.welcome.length + table.withToken.length} welcome`);
