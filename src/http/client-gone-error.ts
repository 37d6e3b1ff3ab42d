/** The client closed its connection before it was answered. The work that was begun for it stops. */
export class ClientGoneError extends Error {
  constructor() {
    super('The client has gone');
    this.name = 'ClientGoneError';
  }
}
