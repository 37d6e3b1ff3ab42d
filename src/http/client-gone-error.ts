export class ClientGoneError extends Error {
  constructor() {
    super('The client has gone');
    this.name = 'ClientGoneError';
  }
}
