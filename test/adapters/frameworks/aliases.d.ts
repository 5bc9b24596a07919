// Earlier versions, installed under other names. They come without types of their own; the application
// code of the tests is the same for both versions, so the newer types serve.
declare module 'express4' {
  import express from 'express'
  export default express
}

declare module 'koa2' {
  import Koa from 'koa'
  export default Koa
}
