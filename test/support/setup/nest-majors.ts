import { createRequire } from 'node:module'

interface Resolver {
  resolve(source: string, importer: string, options: { skipSelf: true }): Promise<{ id: string } | null>
}

/**
 * Plugin that loads the adapter for NestJS once per major version of Nest: `adapters/nestjs.ts?nest10` imports the packages of
 * `test/adapters/nest/nest10`, as in an application that has only that version.
 */
export const nestMajors = {
  name: 'nest-majors',
  enforce: 'pre' as const,
  async resolveId(this: Resolver, source: string, importer?: string): Promise<string | undefined> {
    const major = /\?(nest1\d)$/.exec(importer ?? '')?.[1]
    if (importer === undefined || major === undefined) return undefined
    if (source.startsWith('@nestjs/')) {
      const folder = new URL(`../../adapters/nest/${major}/index.js`, import.meta.url)
      return createRequire(folder).resolve(source)
    }
    const resolved = await this.resolve(source, importer.replace(/\?.*$/, ''), { skipSelf: true })
    return resolved?.id.includes('/adapters/nestjs/') === true ? `${resolved.id}?${major}` : resolved?.id
  },
}
