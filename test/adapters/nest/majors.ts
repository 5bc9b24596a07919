import { fileURLToPath } from 'node:url'
import type * as Adapter from '../../../adapters/nestjs.js'

export type NestMajor = 10 | 11 | 12

/** The packages of one major version of Nest. */
interface NestPackages {
  readonly common: typeof import('@nestjs/common')
  readonly core: typeof import('@nestjs/core')
  readonly express: typeof import('@nestjs/platform-express')
  readonly fastify: typeof import('@nestjs/platform-fastify')
}

/** One major version of Nest, and the adapter that was loaded with it. */
export interface Nest extends NestPackages {
  readonly adapter: typeof Adapter
}

/** Loads a major version of Nest. The types are those of Nest 12. */
export async function loadNest(major: NestMajor): Promise<Nest> {
  if (major === 12) {
    const [common, core, express, fastify, adapter] = await Promise.all([
      import('@nestjs/common'),
      import('@nestjs/core'),
      import('@nestjs/platform-express'),
      import('@nestjs/platform-fastify'),
      import('../../../adapters/nestjs.js'),
    ])
    return { common, core, express, fastify, adapter }
  }
  const packages = (await import(`nest${major}`)) as NestPackages
  // See test/support/setup/nest-majors.ts.
  const path = `${fileURLToPath(new URL('../../../adapters/nestjs.ts', import.meta.url))}?nest${major}`
  const adapter = (await import(path)) as typeof Adapter
  return { ...packages, adapter }
}
