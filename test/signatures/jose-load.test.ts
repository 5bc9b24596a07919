import { expect, it, vi } from 'vitest'
import { loadJose } from '../../src/jwt/jose.js'

const disk = vi.hoisted(() => ({ isFailing: true }))

vi.mock('jose', () => {
  if (disk.isFailing) throw new Error('too many open files')
  return { compactVerify: 'loaded' }
})

it('tries again to load jose when it could not be loaded before', async () => {
  await expect(loadJose()).rejects.toThrow()
  disk.isFailing = false
  await expect(loadJose()).resolves.toMatchObject({ compactVerify: 'loaded' })
})
