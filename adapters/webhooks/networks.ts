import { BlockList, isIP } from "node:net";
import { InvalidOptionError } from "../../src/index.js";

/** Networks of IPv4 that are not the public internet, by IANA's registry of special purposes, with multicast. */
const SPECIAL_IPV4 = [
  ...["0.0.0.0/8", "10.0.0.0/8", "100.64.0.0/10", "127.0.0.0/8", "169.254.0.0/16", "172.16.0.0/12"],
  ...["192.0.0.0/24", "192.0.2.0/24", "192.88.99.0/24", "192.168.0.0/16", "198.18.0.0/15"],
  ...["198.51.100.0/24", "203.0.113.0/24", "224.0.0.0/4", "240.0.0.0/4"],
];
/**
 * All of IPv6 but 2000::/3, which is what is given out; within it, what is set aside or leads to an address of IPv4.
 * Loopback, unique local, link-local, multicast and IPv4-mapped addresses lie outside.
 */
const SPECIAL_IPV6 = [
  ...["::/3", "4000::/2", "8000::/1"],
  ...["2001::/23", "2001:db8::/32", "2002::/16", "3fff::/20"],
];

/** Networks of one family each: a list of both would take every address of IPv4 for one of IPv6. */
class Networks {
  readonly #families = { 4: new BlockList(), 6: new BlockList() };

  /** @throws InvalidOptionError */
  constructor(networks: readonly string[]) {
    for (const network of networks) this.#add(network);
  }

  has(address: string): boolean {
    const family = isIP(address);
    return (
      (family === 4 && this.#families[4].check(address, "ipv4")) ||
      (family === 6 && this.#families[6].check(address, "ipv6"))
    );
  }

  #add(network: string): void {
    const [address = "", length, ...rest] = network.split("/");
    const family = isIP(address);
    const bits = length === undefined ? 8 * (family === 4 ? 4 : 16) : Number(length);
    try {
      if (family === 0 || rest.length > 0 || length === "" || address.includes("%"))
        throw new TypeError(network);
      if (family === 4) this.#families[4].addSubnet(address, bits, "ipv4");
      else this.#families[6].addSubnet(address, bits, "ipv6");
    } catch (cause) {
      throw new InvalidOptionError(
        `allowNetworks has ${JSON.stringify(network)}; a network is an address, or one with a length such as "10.1.0.0/16".`,
        { cause },
      );
    }
  }
}

const special = new Networks([...SPECIAL_IPV4, ...SPECIAL_IPV6]);

/** Says which addresses may be asked: those of the public internet, and what the host allows beside them. */
export class ReachableNetworks {
  readonly #allowed: Networks;

  /** @throws InvalidOptionError */
  constructor(allowed: readonly string[]) {
    this.#allowed = new Networks(allowed);
  }

  /** False for what is no address, and for one with a zone: those are of one link only. */
  has(address: string): boolean {
    if (isIP(address) === 0 || address.includes("%")) return false;
    return this.#allowed.has(address) || !special.has(address);
  }
}
