/** What helps, one line each: a command wherever there is one. Plain ASCII, because debuggers show it as it is. */
import { hasTraceCapability, type ServerFacts, type Surroundings } from './facts.js';

const capabilityForContainers: Readonly<Record<Exclude<Surroundings, 'host'>, string>> = {
  docker: 'docker run --cap-add=SYS_PTRACE ...',
  podman: 'podman run --cap-add=SYS_PTRACE ...',
  kubernetes: 'kubectl debug -it POD --image=IMAGE --target=CONTAINER --profile=general',
  container: 'give the container the capability CAP_SYS_PTRACE',
};

/** How the server gets CAP_SYS_PTRACE. */
export function forCapability({ surroundings, task }: ServerFacts): string {
  const isRoot = task.userIds[1] === 0;
  if (surroundings === 'host')
    return isRoot ? 'start the server with the capability CAP_SYS_PTRACE' : 'sudo outstep ...';
  return capabilityForContainers[surroundings];
}

/** How the server gets to the user and the capability, whichever it lacks. */
export function forUser(server: ServerFacts, user: number): string {
  const { surroundings } = server;
  if (surroundings === 'host') return user === 0 ? 'sudo outstep ...' : `sudo -u '#${user}' outstep ...`;
  if (hasTraceCapability(server.task) || surroundings === 'container' || surroundings === 'kubernetes')
    return forCapability(server);
  return `${surroundings} run --user=${user} ..., or --user=0 with --cap-add=SYS_PTRACE`;
}

export function forSecurityOption({ surroundings }: ServerFacts, option: string): string | undefined {
  return surroundings === 'docker' || surroundings === 'podman'
    ? `${surroundings} run --security-opt ${option} ...`
    : undefined;
}

/** It is the machine's, not the container's. */
export function forYama({ surroundings }: ServerFacts, scope: number): string {
  const where = surroundings === 'host' ? '' : ' (on the host)';
  return `sudo sysctl kernel.yama.ptrace_scope=${scope}${where}`;
}

/** Whose end lets the program run on as if nothing had been: those have put nothing into it. */
const harmlessTracers: ReadonlySet<string> = new Set(['strace', 'ltrace']);

export function forTracer({ id, name }: { readonly id: number; readonly name: string }): string {
  return harmlessTracers.has(name) ? `kill ${id}` : `let ${name} detach from it first`;
}

export function forEmulation({ surroundings }: ServerFacts): string {
  return surroundings === 'host'
    ? 'run the program and the server on a machine of its own kind'
    : 'docker run --platform with the architecture of the machine itself, linux/arm64 or linux/amd64';
}
