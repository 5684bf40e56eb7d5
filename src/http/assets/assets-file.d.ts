// What scripts/build-web.ts writes is embedded as a file of its own: the import is its path.
declare module "*.assets" {
  const path: string;
  export default path;
}
