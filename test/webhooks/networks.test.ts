import { describe, expect, it } from "vitest";
import { ReachableNetworks } from "../../adapters/webhooks/networks.js";

const publicInternet = new ReachableNetworks([]);

describe("what webhooks may be sent to", () => {
  it.each([
    ...[
      "1.1.1.1",
      "8.8.8.8",
      "9.255.255.255",
      "11.0.0.0",
      "100.63.255.255",
      "100.128.0.0",
      "126.255.255.255",
    ],
    ...["128.0.0.1", "169.253.255.255", "172.15.255.255", "172.32.0.0", "192.167.255.255", "192.169.0.0"],
    ...["198.17.255.255", "198.20.0.0", "223.255.255.255"],
    ...["2001:4860:4860::8888", "2606:4700:4700::1111", "2a00:1450:4001:82a::200e", "2001:200::1"],
  ])("is the public internet: %s", (address) => {
    expect(publicInternet.has(address)).toBe(true);
  });

  it.each([
    ["this host", "0.0.0.0"],
    ["this network", "0.1.2.3"],
    ["loopback", "127.0.0.1"],
    ["loopback", "127.255.255.254"],
    ["private", "10.0.0.1"],
    ["private", "172.16.0.1"],
    ["private", "172.31.255.255"],
    ["private", "192.168.1.1"],
    ["a carrier's own", "100.64.0.1"],
    ["a carrier's own", "100.127.255.255"],
    ["link-local, where clouds keep their metadata", "169.254.169.254"],
    ["for protocols", "192.0.0.8"],
    ["for documents", "192.0.2.1"],
    ["for documents", "198.51.100.1"],
    ["for documents", "203.0.113.1"],
    ["a relay to IPv6", "192.88.99.1"],
    ["for benchmarks", "198.18.0.1"],
    ["multicast", "224.0.0.1"],
    ["multicast", "239.255.255.255"],
    ["reserved", "240.0.0.1"],
    ["broadcast", "255.255.255.255"],
    ["unspecified", "::"],
    ["loopback", "::1"],
    ["IPv4-mapped loopback", "::ffff:127.0.0.1"],
    ["IPv4-mapped private", "::ffff:a00:1"],
    ["IPv4-mapped public, which is to be written as IPv4", "::ffff:8.8.8.8"],
    ["IPv4-compatible", "::127.0.0.1"],
    ["IPv4-translated", "::ffff:0:10.0.0.1"],
    ["NAT64 of a private address", "64:ff9b::10.0.0.1"],
    ["NAT64 of a local network", "64:ff9b:1::1"],
    ["discarded", "100::1"],
    ["Teredo", "2001:0:7f00:1::"],
    ["ORCHID", "2001:20::1"],
    ["for documents", "2001:db8::1"],
    ["for documents", "3fff::1"],
    ["6to4 of loopback", "2002:7f00:1::"],
    ["unique local", "fc00::1"],
    ["unique local", "fd12:3456:789a::1"],
    ["link-local", "fe80::1"],
    ["link-local with its zone", "fe80::1%eth0"],
    ["public with a zone", "2606:4700:4700::1111%eth0"],
    ["site-local", "fec0::1"],
    ["multicast", "ff02::1"],
    ["not given out", "4000::1"],
    ["no address", "example.com"],
    ["no address", ""],
    ["no address", "127.1"],
  ])("is not %s: %s", (_what, address) => {
    expect(publicInternet.has(address)).toBe(false);
  });

  it("is also what the host allows, and nothing beside it", () => {
    const some = new ReachableNetworks(["10.1.0.0/16", "127.0.0.1", "fd12:3456::/32", "::1"]);
    for (const address of ["10.1.255.255", "127.0.0.1", "fd12:3456::7", "::1", "8.8.8.8"]) {
      expect(some.has(address)).toBe(true);
    }
    for (const address of ["10.2.0.0", "127.0.0.2", "fd12:3457::", "::2", "::ffff:10.1.0.1"]) {
      expect(some.has(address)).toBe(false);
    }
  });

  it.each([
    "",
    "example.com",
    "10.0.0.0/",
    "10.0.0.0/33",
    "10.0.0.0/8/8",
    "::/129",
    "10.0.0.0/-1",
    "10/8",
    "fe80::1%lo/64",
  ])("is not allowed by what is no network: %j", (network) => {
    expect(() => new ReachableNetworks([network])).toThrow(/allowNetworks has/);
  });
});
