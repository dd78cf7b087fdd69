import { execFileSync } from "node:child_process";

/** A host of its own, as far as the network goes. */
export interface Host {
  /** What a command begins with to run there. */
  readonly within: readonly string[];
  /** From now on its packets are dropped, both ways, and no connection is told. */
  cut(): void;
  /** They are delivered again. */
  mend(): void;
}

export interface Network {
  /** The IPv4 address by which the hosts reach this process and its neighbours. */
  readonly address: string;
  readonly hosts: readonly Host[];
  remove(): void;
}

function ip(...words: readonly string[]): void {
  execFileSync("ip", words, { stdio: ["ignore", "ignore", "pipe"] });
}

/**
 * Hosts in network namespaces, on one bridge with this machine.
 *
 * @throws Error where they cannot be made: without root's rights, the command `ip`, or a kernel that lets it
 */
export function createNetwork(size: number): Network {
  const name = `aj${process.pid.toString(36)}`;
  const net = `10.213.${process.pid % 256}`;
  const bridge = `${name}b`;
  const undo: (() => void)[] = [];
  const remove = (): void => {
    for (const step of undo.splice(0).reverse()) step();
  };

  function addHost(number: number): Host {
    const space = `${name}n${number}`;
    const port = `${name}p${number}`;
    ip("netns", "add", space);
    undo.push(() => ip("netns", "delete", space));
    ip("link", "add", port, "type", "veth", "peer", "name", "eth0", "netns", space);
    ip("-n", space, "address", "add", `${net}.${number + 2}/24`, "dev", "eth0");
    ip("-n", space, "link", "set", "eth0", "up");
    ip("link", "set", port, "master", bridge, "up");
    return {
      within: ["ip", "netns", "exec", space],
      cut: () => ip("link", "set", port, "nomaster"),
      mend: () => ip("link", "set", port, "master", bridge),
    };
  }

  try {
    ip("link", "add", bridge, "type", "bridge");
    undo.push(() => ip("link", "delete", bridge));
    ip("address", "add", `${net}.1/24`, "dev", bridge);
    ip("link", "set", bridge, "up");
    const hosts = Array.from({ length: size }, (_, number) => addHost(number));
    return { address: `${net}.1`, hosts, remove };
  } catch (error) {
    remove();
    throw error;
  }
}
