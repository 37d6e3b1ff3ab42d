/** The client has closed its connection before it was answered: what was begun for it is left off. */
export class ClientGoneError extends Error {
  constructor() {
    super('The client has gone');
    this.name = 'ClientGoneError';
  }
}
