import { cpus } from 'node:os'

export interface Machine {
  readonly node: string
  readonly openssl: string
  readonly cpu: string
  readonly cores: number
  readonly platform: string
}

/** What the figures depend on; nothing that names the machine or its owner. */
export function thisMachine(): Machine {
  const processors = cpus()
  return {
    node: process.versions.node,
    openssl: process.versions.openssl,
    cpu: processors[0]?.model.trim() ?? 'unknown processor',
    cores: processors.length,
    platform: `${process.platform} ${process.arch}`,
  }
}
